//! Structs for the items of a definition file, generated when a program is compiled.
//!
//! Programs use this macro through the facade, which the generated code names:
//!
//! ```ignore
//! weir::entities!("weir.toml");
//!
//! let orders = table.entity::<Order>("order")?;
//! let order = NewOrder { status: Some(OrderStatus::Paid), ..NewOrder::new("ann", 12)? };
//! orders.create(&order).await?;
//! let key = OrderKey { user_id: "ann".into(), order_id: id };
//! let update = OrderUpdate::new().set_status(OrderStatus::Paid).remove_note();
//! orders.patch(&key, &update.into()).await?;
//! ```
//!
//! For an entity `order` the macro generates:
//!
//! | type | holds |
//! |---|---|
//! | `Order` | every attribute; an attribute that an item may lack is an `Option` |
//! | `NewOrder` | the attributes of a request: one with a default is an `Option`, one that Weir manages is left out; `NewOrder::new` takes the required ones and rejects values that the definition rejects |
//! | `OrderKey` | the attributes of the primary key |
//! | `OrderUpdate` | a method for each action of an attribute: `set_…`, `add_…`, `remove_…` |
//! | `OrderStatus` | an enum for each attribute of type `enum` |
//! | `OrderAddress` | a struct for each map with `attributes`; `NewOrderAddress` too if one of its attributes has a default |
//! | `OrderLine` | the same for the members of a list or map, here of `lines`, which is a `Vec` of them |
//!
//! The path is relative to the crate's `Cargo.toml`. The program depends on `weir-dynamodb` alone:
//! generated code names no other crate.
//!
//! **Invariant:** a definition file that `weir check` rejects does not compile, with the same
//! error.

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

/// Generates the structs for the items of a definition file. See the [crate] documentation.
#[proc_macro]
pub fn entities(input: TokenStream) -> TokenStream {
    let file = parse_macro_input!(input as LitStr);
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    let path = Path::new(&folder).join(file.value());
    let shown = path.to_string_lossy();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            return reject(&file, format!("cannot read the definition file {shown}: {error}"));
        }
    };
    match generate(&file.value(), &shown, &text) {
        Ok(tokens) => tokens.into(),
        Err(message) => {
            let mut tokens = reject(&file, message);
            // Cargo compiles the program again when the file is fixed.
            tokens.extend(TokenStream::from(quote! { const _: &[u8] = include_bytes!(#shown); }));
            tokens
        }
    }
}

/// Returns the error of the compiler that the macro's argument causes.
fn reject(file: &LitStr, message: String) -> TokenStream {
    syn::Error::new(file.span(), message).to_compile_error().into()
}

/// Returns the types of every entity of a definition, and the constructors that check by it.
///
/// `path` is the absolute path of the file, which the program includes: it is compiled again when
/// the file changes.
fn generate(name: &str, path: &str, text: &str) -> Result<Tokens, String> {
    let model = Model::parse(name, text).map_err(|error| {
        let problems: Vec<_> = error.problems.iter().map(ToString::to_string).collect();
        format!("{error}:\n{}", problems.join("\n"))
    })?;
    let types: Vec<_> = model.entities.iter().flat_map(entity::types).collect();
    for (position, one) in types.iter().enumerate() {
        if let Some(other) = types[..position].iter().find(|other| other.name == one.name) {
            let places = format!("`{}` and `{}`", other.place, one.place);
            return Err(format!("{places} would both have the type `{}`: rename one", one.name));
        }
    }
    let types = types.into_iter().map(|one| one.tokens);
    let constructors = model.entities.iter().map(entity::constructor);
    Ok(quote! {
        #(#types)*

        const _: () = {
            use ::std::sync::LazyLock;

            static DEFINITION: LazyLock<::weir::Model> = LazyLock::new(|| {
                ::weir::Model::parse(#name, ::std::include_str!(#path))
                    .expect("the definition was checked when the program was compiled")
            });
            #(#constructors)*
        };
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_definition_is_an_error_with_its_place() {
        let text = "[table]\nname = \"shop\"\n[entities.order]\nPK = \"O#{id}\"\nSK = \"O\"\n\
                    [entities.order.attributes]\nid = { type = \"strin\" }\n";
        let error = generate("weir.toml", "/weir.toml", text).expect_err("a problem");
        assert!(error.contains("weir.toml") && error.contains("strin"), "{error}");
    }

    #[test]
    fn two_types_of_one_name_are_an_error_that_names_both() {
        let text = "[table]\nname = \"shop\"\n[entities.order]\nPK = \"O#{id}\"\nSK = \"O\"\n\
                    [entities.order.attributes]\nid = { type = \"string\", required = true }\n\
                    line = { type = \"enum\", values = [\"a\"] }\n\
                    lines = { type = \"list\", items = { type = \"enum\", values = [\"a\"] } }\n";
        let error = generate("weir.toml", "/weir.toml", text).expect_err("two enums");
        let expected =
            "`order.line` and `order.lines` would both have the type `OrderLine`: rename one";
        assert_eq!(error, expected);
    }
}
