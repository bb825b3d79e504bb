//! An attribute as a field: its name and its type in Rust.

use model::attribute::SetItems;
use model::instant::TimestampFormat;
use model::{Attribute, AttributeType, Entity};
use proc_macro2::{Ident, Span, TokenStream as Tokens};
use quote::{format_ident, quote};

/// The type of an attribute's values.
pub(crate) fn rust_type(entity: &Entity, attribute: &Attribute) -> Tokens {
    match &attribute.kind {
        AttributeType::String | AttributeType::Binary => quote! { ::std::string::String },
        AttributeType::Integer => quote! { i64 },
        AttributeType::Number | AttributeType::Decimal { .. } => quote! { ::serde_json::Number },
        AttributeType::Boolean => quote! { bool },
        AttributeType::Enum { .. } => {
            let name = enum_name(entity, attribute);
            quote! { #name }
        }
        AttributeType::Timestamp(_) => quote! { ::jiff::Timestamp },
        AttributeType::Set(SetItems::Number) => quote! { ::std::vec::Vec<::serde_json::Number> },
        AttributeType::Set(SetItems::String | SetItems::Binary) => {
            quote! { ::std::collections::BTreeSet<::std::string::String> }
        }
        AttributeType::List(_) => quote! { ::std::vec::Vec<::serde_json::Value> },
        AttributeType::Map(_) => {
            quote! { ::serde_json::Map<::std::string::String, ::serde_json::Value> }
        }
        AttributeType::Any => quote! { ::serde_json::Value },
    }
}

/// The field of an attribute, as a struct has it.
pub(crate) fn field(entity: &Entity, attribute: &Attribute, is_optional: bool) -> Tokens {
    let (name, stored, kind) =
        (ident(&attribute.name), &attribute.name, rust_type(entity, attribute));
    let doc = format!("`{stored}`: {}.", attribute.kind.noun());
    let seconds = matches!(attribute.kind, AttributeType::Timestamp(TimestampFormat::Epoch));
    let with = seconds.then(|| {
        let path = if is_optional { "optional" } else { "required" };
        let path = format!("::jiff::fmt::serde::timestamp::second::{path}");
        quote! { , with = #path }
    });
    if is_optional {
        quote! {
            #[doc = #doc]
            #[serde(rename = #stored, default, skip_serializing_if = "::std::option::Option::is_none" #with)]
            pub #name: ::std::option::Option<#kind>,
        }
    } else {
        quote! {
            #[doc = #doc]
            #[serde(rename = #stored #with)]
            pub #name: #kind,
        }
    }
}

/// The enum of an attribute's texts.
pub(crate) fn enumeration(entity: &Entity, attribute: &Attribute) -> Option<Tokens> {
    let AttributeType::Enum { values } = &attribute.kind else { return None };
    let name = enum_name(entity, attribute);
    let doc = format!("What `{}` of `{}` may be.", attribute.name, entity.name);
    let variants = values.iter().enumerate().map(|(position, text)| {
        let earlier = values[..position].iter().any(|other| pascal(other) == pascal(text));
        let variant = if earlier {
            format_ident!("{}{}", pascal(text), position)
        } else {
            format_ident!("{}", pascal(text))
        };
        let doc = format!("`{text}`.");
        quote! { #[doc = #doc] #[serde(rename = #text)] #variant, }
    });
    Some(quote! {
        #[doc = #doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ::serde::Serialize, ::serde::Deserialize)]
        pub enum #name { #(#variants)* }
    })
}

/// `order_line` as the name of a type: `OrderLine`. What no name has in it is left out.
pub(crate) fn pascal(text: &str) -> String {
    let words =
        text.split(|char: char| !char.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name: String = words
        .map(|word| {
            let (first, rest) = word.split_at(1);
            format!("{}{rest}", first.to_ascii_uppercase())
        })
        .collect();
    if name.starts_with(|char: char| char.is_ascii_alphabetic()) {
        name
    } else {
        format!("Value{name}")
    }
}

/// An attribute's name as the name of a field.
pub(crate) fn ident(name: &str) -> Ident {
    let plain: String =
        name.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '_' }).collect();
    let plain = if plain.starts_with(|char: char| char.is_ascii_digit()) {
        format!("_{plain}")
    } else {
        plain
    };
    match syn::parse_str::<Ident>(&plain) {
        Ok(ident) => ident,
        Err(_) if matches!(plain.as_str(), "self" | "Self" | "super" | "crate" | "_") => {
            format_ident!("{plain}_")
        }
        Err(_) => Ident::new_raw(&plain, Span::call_site()),
    }
}

fn enum_name(entity: &Entity, attribute: &Attribute) -> Ident {
    format_ident!("{}{}", pascal(&entity.name), pascal(&attribute.name))
}
