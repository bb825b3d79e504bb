//! Structs of a definition file's items, generated when a program is compiled, so that the two
//! cannot drift apart.
//!
//! ```ignore
//! weir_macros::entities!("weir.toml");
//!
//! let orders = table.entity::<Order>("order")?;
//! orders.create(&NewOrder { status: Some(OrderStatus::Paid), ..NewOrder::new("ann", 12) }).await?;
//! let key = OrderKey { user_id: "ann".into(), order_id: id };
//! let update = OrderUpdate::new().set_status(OrderStatus::Paid).remove_note();
//! orders.patch(&key, &update.into()).await?;
//! ```
//!
//! For an entity `order` there are
//!
//! | struct | has |
//! |---|---|
//! | `Order` | every attribute; one that an item may lack is an `Option` |
//! | `NewOrder` | what a request gives: what has a default is an `Option`, what the library keeps is left out; `NewOrder::new` takes what is required |
//! | `OrderKey` | the attributes that the primary key is made from |
//! | `OrderUpdate` | a method for each verb that an attribute takes: `set_…`, `add_…`, `remove_…`, … |
//! | `OrderStatus` | an enum for each attribute that is one |
//! | `OrderAddress` | a map with `attributes`; `NewOrderAddress` too where something in it has a default |
//! | `OrderLine` | the same of the members of a list or map, here of `lines`, which is a `Vec` of them |
//!
//! The path is relative to the crate's `Cargo.toml`. Generated code names the crates `model`,
//! `serde` (with `derive`), `serde_json`, and `jiff` (with `serde`) where there are timestamps.
//!
//! **Invariant:** a definition file that `weir check` refuses does not compile, and the error is
//! the same.

mod entity;
mod field;
mod naming;
mod nested;

use std::path::Path;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{LitStr, parse_macro_input};
use weir_model::Model;

/// Generates the structs of a definition file's items. See the [crate] documentation.
#[proc_macro]
pub fn entities(input: TokenStream) -> TokenStream {
    let file = parse_macro_input!(input as LitStr);
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    let path = Path::new(&folder).join(file.value());
    let tokens = match std::fs::read_to_string(&path) {
        Ok(text) => generated(&file.value(), &text),
        Err(error) => {
            Err(format!("the definition file {} cannot be read: {error}", path.display()))
        }
    };
    let path = path.to_string_lossy();
    // So that the program is compiled anew when the file changes.
    let watched = quote! { const _: &[u8] = include_bytes!(#path); };
    match tokens {
        Ok(tokens) => quote! { #watched #tokens }.into(),
        Err(message) => syn::Error::new(file.span(), message).to_compile_error().into(),
    }
}

/// The structs of every entity of a definition.
fn generated(name: &str, text: &str) -> Result<Tokens, String> {
    let model = Model::parse(name, text).map_err(|error| {
        let problems: Vec<_> = error.problems.iter().map(ToString::to_string).collect();
        format!("{error}:\n{}", problems.join("\n"))
    })?;
    let types: Vec<_> = model.entities.iter().flat_map(entity::types).collect();
    for (position, one) in types.iter().enumerate() {
        if let Some(other) = types[..position].iter().find(|other| other.name == one.name) {
            let names = format!("`{}` and `{}`", other.of, one.of);
            return Err(format!("{names} would both have the type `{}`: rename one", one.name));
        }
    }
    Ok(types.into_iter().map(|one| one.tokens).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_that_is_wrong_is_an_error_with_its_place() {
        let text = "[table]\nname = \"shop\"\n[entities.order]\nPK = \"O#{id}\"\nSK = \"O\"\n\
                    [entities.order.attributes]\nid = { type = \"strin\" }\n";
        let error = generated("weir.toml", text).expect_err("a problem");
        assert!(error.contains("weir.toml") && error.contains("strin"), "{error}");
    }

    #[test]
    fn two_types_of_one_name_are_an_error_that_names_both() {
        let text = "[table]\nname = \"shop\"\n[entities.order]\nPK = \"O#{id}\"\nSK = \"O\"\n\
                    [entities.order.attributes]\nid = { type = \"string\", required = true }\n\
                    line = { type = \"enum\", values = [\"a\"] }\n\
                    lines = { type = \"list\", items = { type = \"enum\", values = [\"a\"] } }\n";
        let error = generated("weir.toml", text).expect_err("two enums");
        let expected =
            "`order.line` and `order.lines` would both have the type `OrderLine`: rename one";
        assert_eq!(error, expected);
    }
}
