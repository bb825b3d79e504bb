//! The types that attributes have of their own: an enum of texts, a struct for each map with
//! attributes, at any depth.

use proc_macro2::{Ident, TokenStream as Tokens};
use quote::{format_ident, quote};
use weir_model::{Attribute, AttributeType, Members};

use crate::field::{Owner, fields, has_defaults};
use crate::naming::pascal;

/// A generated type.
pub(crate) struct Type {
    /// Its name.
    pub(crate) name: Ident,
    /// The entity or the path of the attribute that it holds, for messages.
    pub(crate) place: String,
    /// Its definition.
    pub(crate) tokens: Tokens,
}

/// Returns the attributes of every generated type: serde through the facade.
pub(crate) fn serde_derives() -> Tokens {
    quote! {
        #[derive(
            Clone, Debug, PartialEq,
            ::weir::__private::serde::Serialize, ::weir::__private::serde::Deserialize
        )]
        #[serde(crate = "::weir::__private::serde")]
    }
}

/// Returns the types of attributes, which lie at that place: `order`, `order.address`.
pub(crate) fn types(owner: &Owner, place: &str, attributes: &[Attribute]) -> Vec<Type> {
    let each = attributes.iter().flat_map(|attribute| {
        let place = format!("{place}.{}", attribute.name);
        types_of(owner, &place, attribute, false)
    });
    each.collect()
}

fn types_of(owner: &Owner, place: &str, attribute: &Attribute, is_member: bool) -> Vec<Type> {
    match &attribute.kind {
        AttributeType::Enum { values } => {
            let name = format_ident!("{}", owner.type_name(attribute, is_member));
            let tokens = enumeration(&name, place, values);
            vec![Type { name, place: place.to_owned(), tokens }]
        }
        AttributeType::List(Some(rule)) | AttributeType::Map(Members::Each(rule)) => {
            types_of(owner, place, rule, true)
        }
        AttributeType::Map(Members::Named(attributes)) => {
            structs(owner, place, attribute, attributes, is_member)
        }
        _ => Vec::new(),
    }
}

/// Returns the struct of a map, a second one for writing if some attributes have defaults, and the
/// types of its attributes.
fn structs(
    owner: &Owner,
    place: &str,
    attribute: &Attribute,
    attributes: &[Attribute],
    is_member: bool,
) -> Vec<Type> {
    let inner = owner.type_name(attribute, is_member);
    let news: &[bool] = if has_defaults(attribute) { &[false, true] } else { &[false] };
    let own = news.iter().map(|is_new| {
        let owner = Owner { is_new: *is_new, ..owner.clone() };
        let name = owner.struct_name(attribute, is_member);
        let fields = fields(&Owner { name: inner.clone(), ..owner }, attributes);
        let written = if *is_new { " to be written" } else { "" };
        let doc = format!("A value of `{place}`{written}.");
        let derives = serde_derives();
        let tokens = quote! {
            #[doc = #doc]
            #derives
            pub struct #name { #(#fields)* }
        };
        Type { name, place: place.to_owned(), tokens }
    });
    let own: Vec<_> = own.collect();
    let inside = types(&Owner { name: inner, is_new: false }, place, attributes);
    own.into_iter().chain(inside).collect()
}

fn enumeration(name: &Ident, place: &str, values: &[String]) -> Tokens {
    let doc = format!("A value of `{place}`.");
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
    let derives = serde_derives();
    quote! {
        #[doc = #doc]
        #derives
        #[derive(Copy, Eq, Hash)]
        pub enum #name { #(#variants)* }
    }
}
