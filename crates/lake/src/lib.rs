//! Parquet: schemas, writer, commit, reader, DDL.
