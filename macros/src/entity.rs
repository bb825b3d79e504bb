//! The structs of an entity: item, new item, key, update.

use proc_macro2::{Ident, TokenStream as Tokens};
use quote::{format_ident, quote};
use weir_model::{Attribute, AttributeType, Entity, Members};

use crate::field::{Owner, field, fields, rust_type};
use crate::naming::{ident, pascal};
use crate::nested::{self, Type, serde_derives};

/// The actions of each kind of attribute, besides `set`, `set_if_absent` and `remove`.
const OF_NUMBERS: [&str; 2] = ["add", "subtract"];
const OF_SETS: [&str; 2] = ["add", "delete"];
const OF_LISTS: [&str; 2] = ["append", "prepend"];

/// Returns the four structs of an entity and the types of its attributes.
pub(crate) fn types(entity: &Entity) -> Vec<Type> {
    let own = [("", "", item(entity)), ("New", "", new(entity))];
    let others = [("", "Key", key(entity)), ("", "Update", update(entity))];
    let own = own.into_iter().chain(others).map(|(before, behind, tokens)| {
        let place = entity.name.clone();
        Type { name: name(entity, before, behind), place, tokens }
    });
    own.chain(nested::types(&read(entity), &entity.name, &entity.attributes)).collect()
}

/// Returns the owner of the types that are read.
fn read(entity: &Entity) -> Owner {
    Owner { name: pascal(&entity.name), is_new: false }
}

/// Returns the owner of the types that are written.
fn written(entity: &Entity) -> Owner {
    Owner { is_new: true, ..read(entity) }
}

fn item(entity: &Entity) -> Tokens {
    let (name, entity_name) = (name(entity, "", ""), &entity.name);
    let doc = format!("An item of `{entity_name}`.");
    let derives = serde_derives();
    let fields = fields(&read(entity), &entity.attributes);
    quote! {
        #[doc = #doc]
        #derives
        pub struct #name { #(#fields)* }

        impl ::weir::ItemType for #name {
            const ENTITY: &'static str = #entity_name;
        }
    }
}

fn new(entity: &Entity) -> Tokens {
    let name = name(entity, "New", "");
    let doc = format!("A new item of `{}`.", entity.name);
    let derives = serde_derives();
    let fields = fields(&written(entity), &entity.attributes);
    quote! {
        #[doc = #doc]
        #derives
        pub struct #name { #(#fields)* }
    }
}

/// Returns `NewOrder::new` and `NewOrder::check`, which validate by the static `DEFINITION`.
pub(crate) fn constructor(entity: &Entity) -> Tokens {
    let (name, entity_name) = (name(entity, "New", ""), &entity.name);
    let owner = written(entity);
    let is_required = |known: &&Attribute| known.required && known.default.is_none();
    let given = || entity.attributes.iter().filter(|known| known.kept.is_none());
    let arguments = given().filter(is_required).map(|known| {
        let (name, kind) = (ident(&known.name), rust_type(&owner, known));
        quote! { #name: impl ::std::convert::Into<#kind> }
    });
    let values = given().map(|known| {
        let name = ident(&known.name);
        match is_required(&known) {
            true => quote! { #name: #name.into() },
            false => quote! { #name: ::std::option::Option::None },
        }
    });
    quote! {
        impl #name {
            /// Creates an item from the required attributes, in the order of the definition file.
            /// All others are `None`.
            ///
            /// # Errors
            /// Every value that the definition rejects.
            #[allow(clippy::too_many_arguments, reason = "one for each required attribute")]
            pub fn new(
                #(#arguments),*
            ) -> ::std::result::Result<Self, ::weir::InvalidItem> {
                let item = Self { #(#values),* };
                item.check()?;
                ::std::result::Result::Ok(item)
            }

            /// Validates all attributes, as a write does.
            ///
            /// # Errors
            /// Every value that the definition rejects.
            pub fn check(&self) -> ::std::result::Result<(), ::weir::InvalidItem> {
                DEFINITION.check_new(#entity_name, self)
            }
        }
    }
}

fn key(entity: &Entity) -> Tokens {
    let name = name(entity, "", "Key");
    let doc = format!("The primary key of an item of `{}`.", entity.name);
    let derives = serde_derives();
    let fields = in_key(entity).map(|known| field(&read(entity), known, false));
    quote! {
        #[doc = #doc]
        #derives
        pub struct #name { #(#fields)* }
    }
}

fn update(entity: &Entity) -> Tokens {
    let name = name(entity, "", "Update");
    let doc = format!("An update of an item of `{}`: actions, and a condition.", entity.name);
    let in_key: Vec<&str> = in_key(entity).map(|known| known.name.as_str()).collect();
    let updated = entity.attributes.iter().filter(|known| {
        known.kept.is_none() && !known.read_only && !in_key.contains(&known.name.as_str())
    });
    let methods = updated.map(|known| methods(entity, known));
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct #name(::weir::Update);

        impl #name {
            /// Creates an update without actions.
            pub fn new() -> Self {
                Self::default()
            }

            /// Applies the update only if the item satisfies this condition.
            #[must_use]
            pub fn when(self, condition: impl Into<::weir::Value>) -> Self {
                Self(self.0.when(condition))
            }

            #(#methods)*
        }

        impl ::std::convert::From<#name> for ::weir::Update {
            fn from(update: #name) -> Self {
                update.0
            }
        }
    }
}

/// Returns a method for each action of an attribute.
fn methods(entity: &Entity, attribute: &Attribute) -> Tokens {
    let kind = rust_type(&written(entity), attribute);
    let verbs: &[&str] = match &attribute.kind {
        kind if kind.is_numeric() => &OF_NUMBERS,
        AttributeType::Set(_) => &OF_SETS,
        AttributeType::List(_) => &OF_LISTS,
        _ => &[],
    };
    let field = ident(&attribute.name);
    let path = &attribute.name;
    let with_value = ["set", "set_if_absent"].iter().chain(verbs).map(|verb| {
        let (method, action) = (method(verb, &field), format_ident!("{verb}"));
        let doc = format!("Adds the action `{verb}` on `{path}`.");
        let json = json_of(attribute, quote! { value });
        quote! {
            #[doc = #doc]
            #[must_use]
            pub fn #method(self, value: #kind) -> Self {
                Self(self.0.#action(#path, #json))
            }
        }
    });
    let remove = (!attribute.required).then(|| {
        let method = method("remove", &field);
        let doc = format!("Adds the action `remove` on `{path}`.");
        quote! {
            #[doc = #doc]
            #[must_use]
            pub fn #method(self) -> Self {
                Self(self.0.remove(#path))
            }
        }
    });
    quote! { #(#with_value)* #remove }
}

/// Returns the expression of a value as the JSON of an update.
fn json_of(attribute: &Attribute, value: Tokens) -> Tokens {
    match attribute.kind {
        AttributeType::Timestamp(_) => quote! { #value.to_string() },
        AttributeType::Enum { .. }
        | AttributeType::Set(_)
        | AttributeType::List(Some(_))
        | AttributeType::Map(Members::Each(_) | Members::Named(_)) => {
            quote! {
                ::weir::__private::serde_json::to_value(&#value)
                    .expect("generated types serialize to JSON")
            }
        }
        _ => quote! { ::weir::Value::from(#value) },
    }
}

/// Returns the attributes of the primary key, each once.
fn in_key(entity: &Entity) -> impl Iterator<Item = &Attribute> {
    entity.key_attributes().into_iter().filter_map(|name| entity.attribute(name))
}

fn method(verb: &str, field: &Ident) -> Ident {
    let field = field.to_string();
    format_ident!("{verb}_{}", field.trim_start_matches("r#"))
}

fn name(entity: &Entity, before: &str, behind: &str) -> Ident {
    format_ident!("{before}{}{behind}", pascal(&entity.name))
}
