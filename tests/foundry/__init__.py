"""The tests' own language model, and everything it takes to run it in the genuine Foundry Local runtime, offline."""
