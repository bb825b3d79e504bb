//! Examples: each folder is a definition file, `weir.toml`, with its data and the programs that use
//! it. Those with a tour in their README are tested by it.
//!
//! | folder | shows |
//! |---|---|
//! | `flights` | rollups of real data, and a reactor that tells of late flights |
//! | `notes` | create, list, update, delete; lists by date and tag; optimistic locking |
//! | `github` | the classic of single-table design: numbers handed out exactly, access patterns, collections; typed items in Rust |
//! | `thank_you_cards` | transactions that are done once, counters in maps, and rollups that agree with them |
//! | `auth` | unique addresses and accounts, sessions that expire, tokens that are used once |
