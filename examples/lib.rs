//! Examples: each folder is a definition file, `weir.toml`, with its data and the programs that use it.
//!
//! | folder | shows |
//! |---|---|
//! | `flights` | rollups of real data, and a reactor that tells of late flights |
