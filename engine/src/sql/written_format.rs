//! The words for what a file is that Tidemill writes: its format and its compression.

use super::file_format::words;

words! {
    /// What a file is to be.
    WrittenFormat {
        /// Text with a delimiter; a comma unless said otherwise.
        Csv = "csv",
        /// The same with a tab.
        Tsv = "tsv" | "tab",
        /// One JSON object per line.
        Ndjson = "ndjson" | "jsonl",
        /// One array of JSON objects.
        Json = "json",
        /// Apache Parquet.
        Parquet = "parquet" | "pq",
        /// Apache Avro, an object container file.
        Avro = "avro",
        /// Apache ORC.
        Orc = "orc",
        /// Arrow IPC, the file format, also called Feather.
        Arrow = "arrow" | "ipc" | "feather",
    }
}

words! {
    /// How a file, or what is in it, is compressed.
    Codec {
        /// Not at all.
        None = "none" | "uncompressed",
        /// gzip; inside of Avro and ORC the same algorithm, which they call deflate and zlib.
        Gzip = "gzip" | "gz" | "deflate" | "zlib",
        /// Zstandard.
        Zstd = "zstd" | "zst",
        /// bzip2.
        Bzip2 = "bzip2" | "bz2",
        /// xz.
        Xz = "xz",
        /// Snappy.
        Snappy = "snappy",
        /// LZ4.
        Lz4 = "lz4",
    }
}
