//! The structs of an entity: item, new item, key, update.

use proc_macro2::{Ident, TokenStream as Tokens};
use quote::{format_ident, quote};
use weir_model::{Attribute, AttributeType, Entity, Members};

use crate::field::{Owner, field, fields, rust_type};
use crate::naming::{ident, pascal};
use crate::nested::{self, Type};

/// The verbs of an update that a type takes, beside `set` and `remove`, and whether they take a
/// list of members.
const OF_NUMBERS: [&str; 2] = ["add", "subtract"];
const OF_SETS: [&str; 2] = ["add", "delete"];
const OF_LISTS: [&str; 2] = ["append", "prepend"];

/// Everything that is generated for an entity.
pub(crate) fn types(entity: &Entity) -> Vec<Type> {
    let own = [("", "", item(entity)), ("New", "", new(entity))];
    let others = [("", "Key", key(entity)), ("", "Update", update(entity))];
    let own = own.into_iter().chain(others).map(|(before, behind, tokens)| {
        let of = entity.name.clone();
        Type { name: name(entity, before, behind), of, tokens }
    });
    own.chain(nested::types(&read(entity), &entity.name, &entity.attributes)).collect()
}

/// What is read of an entity.
fn read(entity: &Entity) -> Owner {
    Owner { name: pascal(&entity.name), is_new: false }
}

/// What is written of an entity.
fn written(entity: &Entity) -> Owner {
    Owner { is_new: true, ..read(entity) }
}

fn item(entity: &Entity) -> Tokens {
    let (name, entity_name) = (name(entity, "", ""), &entity.name);
    let doc = format!("An item of `{entity_name}`.");
    let fields = fields(&read(entity), &entity.attributes);
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        pub struct #name { #(#fields)* }

        impl ::weir_model::ItemType for #name {
            const ENTITY: &'static str = #entity_name;
        }
    }
}

fn new(entity: &Entity) -> Tokens {
    let name = name(entity, "New", "");
    let doc = format!("An item of `{}` that is to be written.", entity.name);
    let owner = written(entity);
    let fields = fields(&owner, &entity.attributes);
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
        #[doc = #doc]
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        pub struct #name { #(#fields)* }

        impl #name {
            /// With what every item must be given, in the order of the definition file, and nothing
            /// else.
            #[allow(clippy::too_many_arguments, reason = "as many as there are attributes")]
            pub fn new(#(#arguments),*) -> Self {
                Self { #(#values),* }
            }
        }
    }
}

fn key(entity: &Entity) -> Tokens {
    let name = name(entity, "", "Key");
    let doc = format!("What names an item of `{}`.", entity.name);
    let fields = in_key(entity).map(|known| field(&read(entity), known, false));
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        pub struct #name { #(#fields)* }
    }
}

fn update(entity: &Entity) -> Tokens {
    let name = name(entity, "", "Update");
    let doc = format!("An update of an item of `{}`.", entity.name);
    let in_key: Vec<&str> = in_key(entity).map(|known| known.name.as_str()).collect();
    let updated = entity.attributes.iter().filter(|known| {
        known.kept.is_none() && !known.read_only && !in_key.contains(&known.name.as_str())
    });
    let methods = updated.map(|known| methods(entity, known));
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct #name(::weir_model::Update);

        impl #name {
            /// An update of nothing yet.
            pub fn new() -> Self {
                Self::default()
            }

            /// Is done only to an item of which this holds.
            #[must_use]
            pub fn when(self, condition: impl Into<::serde_json::Value>) -> Self {
                Self(self.0.when(condition))
            }

            #(#methods)*
        }

        impl ::std::convert::From<#name> for ::weir_model::Update {
            fn from(update: #name) -> Self {
                update.0
            }
        }
    }
}

/// A method for each verb that an attribute takes.
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
        let doc = format!("`{verb}` of `{path}`.");
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
        let doc = format!("`remove` of `{path}`.");
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

/// A value as the JSON of an update.
fn json_of(attribute: &Attribute, value: Tokens) -> Tokens {
    match attribute.kind {
        AttributeType::Timestamp(_) => quote! { #value.to_string() },
        AttributeType::Enum { .. }
        | AttributeType::Set(_)
        | AttributeType::List(Some(_))
        | AttributeType::Map(Members::Each(_) | Members::Named(_)) => {
            quote! { ::serde_json::to_value(&#value).expect("it has the shape of JSON") }
        }
        _ => quote! { ::serde_json::Value::from(#value) },
    }
}

/// The attributes that the primary key is made from, each once.
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
