//! An attribute as a field: its name and its type in Rust.

use proc_macro2::{Ident, TokenStream as Tokens};
use quote::{format_ident, quote};
use weir_model::attribute::SetItems;
use weir_model::instant::TimestampFormat;
use weir_model::{Attribute, AttributeType, Members};

use crate::naming::{ident, pascal, singular};

/// The owner of an attribute: an entity, or a map in one.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    /// The prefix of the names of its types.
    pub(crate) name: String,
    /// Whether it is written, so that attributes with a default are optional.
    pub(crate) is_new: bool,
}

impl Owner {
    /// Returns the name of the type of an attribute's values, in the singular for members of a
    /// list or map.
    pub(crate) fn type_name(&self, attribute: &Attribute, is_member: bool) -> String {
        let name = pascal(&attribute.name);
        format!("{}{}", self.name, if is_member { singular(&name) } else { name })
    }

    /// Returns the name of the struct of a map with attributes.
    pub(crate) fn struct_name(&self, attribute: &Attribute, is_member: bool) -> Ident {
        let is_new = self.is_new && has_defaults(attribute);
        let new = if is_new { "New" } else { "" };
        format_ident!("{new}{}", self.type_name(attribute, is_member))
    }
}

/// Returns whether an attribute contains one with a default: optional when written, present when
/// read.
pub(crate) fn has_defaults(attribute: &Attribute) -> bool {
    attribute.kind.inside().iter().any(|inner| inner.default.is_some() || has_defaults(inner))
}

/// Returns the type of an attribute's values.
pub(crate) fn rust_type(owner: &Owner, attribute: &Attribute) -> Tokens {
    type_of(owner, attribute, false)
}

fn type_of(owner: &Owner, attribute: &Attribute, is_member: bool) -> Tokens {
    match &attribute.kind {
        AttributeType::String | AttributeType::Binary => quote! { ::std::string::String },
        AttributeType::Integer => quote! { i64 },
        AttributeType::Number | AttributeType::Decimal { .. } => quote! { ::weir::Decimal },
        AttributeType::Boolean => quote! { bool },
        AttributeType::Enum { .. } => {
            let name = format_ident!("{}", owner.type_name(attribute, is_member));
            quote! { #name }
        }
        // As serde represents it: only a field can name a format.
        AttributeType::Timestamp(TimestampFormat::Epoch) if is_member => quote! { i64 },
        AttributeType::Timestamp(_) => quote! { ::weir::Timestamp },
        AttributeType::Set(SetItems::Number) => quote! { ::std::vec::Vec<::weir::Decimal> },
        AttributeType::Set(SetItems::String | SetItems::Binary) => {
            quote! { ::std::collections::BTreeSet<::std::string::String> }
        }
        AttributeType::List(None) => quote! { ::std::vec::Vec<::weir::Value> },
        AttributeType::List(Some(rule)) => {
            let member = type_of(owner, rule, true);
            quote! { ::std::vec::Vec<#member> }
        }
        AttributeType::Map(Members::Any) => {
            quote! { ::weir::__private::serde_json::Map<::std::string::String, ::weir::Value> }
        }
        AttributeType::Map(Members::Each(rule)) => {
            let member = type_of(owner, rule, true);
            quote! { ::std::collections::BTreeMap<::std::string::String, #member> }
        }
        AttributeType::Map(Members::Named(_)) => {
            let name = owner.struct_name(attribute, is_member);
            quote! { #name }
        }
        AttributeType::Any => quote! { ::weir::Value },
    }
}

/// Returns the fields of a struct that is read or, if its owner is new, written.
pub(crate) fn fields(owner: &Owner, attributes: &[Attribute]) -> Vec<Tokens> {
    let given = attributes.iter().filter(|known| !(owner.is_new && known.kept.is_some()));
    let fields = given.map(|known| {
        let may_be_absent = match owner.is_new {
            true => !known.required || known.default.is_some(),
            false => !known.is_always_present(),
        };
        field(owner, known, may_be_absent)
    });
    fields.collect()
}

/// Returns the field of an attribute.
pub(crate) fn field(owner: &Owner, attribute: &Attribute, is_optional: bool) -> Tokens {
    let (name, stored, kind) =
        (ident(&attribute.name), &attribute.name, rust_type(owner, attribute));
    let doc = format!("`{stored}`: {}.", attribute.kind.noun());
    let unit = match attribute.kind {
        AttributeType::Timestamp(TimestampFormat::Epoch) => Some("seconds"),
        AttributeType::Timestamp(TimestampFormat::EpochMs) => Some("milliseconds"),
        _ => None,
    };
    let with = unit.map(|unit| {
        let path = if is_optional { "optional" } else { "required" };
        let path = format!("::weir::model::epoch::{unit}::{path}");
        quote! { , with = #path }
    });
    if is_optional {
        quote! {
            #[doc = #doc]
            #[serde(
                rename = #stored, default,
                skip_serializing_if = "::std::option::Option::is_none" #with
            )]
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
