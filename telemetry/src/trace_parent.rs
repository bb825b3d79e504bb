//! Which span a request belongs to, as two headers say it.
//!
//! ```text
//! X-Amzn-Trace-Id  Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1
//! traceparent      00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01
//! ```
//!
//! Both are the same: X-Ray's trace id is the W3C's, with its first 32 bits, a time, written apart.
//! See "Tracing header" in the X-Ray developer guide, and <https://www.w3.org/TR/trace-context/>.

/// A span of another program, the parent of one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    /// The trace.
    pub trace_id: u128,
    /// The span.
    pub span_id: u64,
    /// Whether its trace is kept.
    pub is_sampled: bool,
}

/// Returns the root of a trace in X-Ray's header: its trace id, as X-Ray's console finds it.
pub(crate) fn xray_root(header: &str) -> Option<&str> {
    field(header, "Root")
}

impl TraceParent {
    /// Returns the parent that X-Ray's header names. One without a `Parent`, as Lambda sends it
    /// where nothing is traced, names none.
    pub fn from_xray(header: &str) -> Option<Self> {
        let mut root = xray_root(header)?.split('-');
        let (version, time, unique) = (root.next()?, root.next()?, root.next()?);
        if version != "1" || root.next().is_some() {
            return None;
        }
        let trace_id = u128::from(hex(time, 8)? as u32) << 96 | hex(unique, 24)?;
        let span_id = hex(field(header, "Parent")?, 16)? as u64;
        Self { trace_id, span_id, is_sampled: field(header, "Sampled") == Some("1") }.valid()
    }

    /// Returns the parent that a `traceparent` header names.
    pub fn from_w3c(header: &str) -> Option<Self> {
        let mut parts = header.trim().split('-');
        let version = hex(parts.next()?, 2)?;
        let trace_id = hex(parts.next()?, 32)?;
        let span_id = hex(parts.next()?, 16)? as u64;
        let flags = hex(parts.next()?, 2)?;
        // Later versions may have more parts; the first has not, and the last there can be means
        // none.
        if version == 0xff || (version == 0 && parts.next().is_some()) {
            return None;
        }
        Self { trace_id, span_id, is_sampled: flags & 1 == 1 }.valid()
    }

    fn valid(self) -> Option<Self> {
        (self.trace_id != 0 && self.span_id != 0).then_some(self)
    }
}

fn field<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let fields = header.split(';').filter_map(|field| field.trim().split_once('='));
    fields.filter(|(found, _)| *found == name).map(|(_, value)| value).next()
}

/// Returns a number of exactly so many lower or upper case hexadecimal digits.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_hex = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u128::from_str_radix(text, 16).ok().filter(|_| is_hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: u128 = 0x5759e988_bd862e3fe1be46a994272793;
    const SPAN: u64 = 0x53995c3f42cd8ad8;

    #[test]
    fn both_headers_name_the_same_parent() {
        let expected = TraceParent { trace_id: TRACE, span_id: SPAN, is_sampled: true };
        let xray = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;\
                    Lineage=a87bd80c:0";
        assert_eq!(TraceParent::from_xray(xray), Some(expected));
        let w3c = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01";
        assert_eq!(TraceParent::from_w3c(w3c), Some(expected));
        let ignored = TraceParent { is_sampled: false, ..expected };
        assert_eq!(TraceParent::from_xray(&xray.replace("Sampled=1", "Sampled=0")), Some(ignored));
        assert_eq!(TraceParent::from_w3c(&w3c.replace("-01", "-00")), Some(ignored));
        assert_eq!(xray_root(xray), Some("1-5759e988-bd862e3fe1be46a994272793"));
    }

    #[test]
    fn what_names_no_parent_is_none() {
        for header in [
            "",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad;Sampled=1",
            "Root=2-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8",
            "Root=1-+759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8",
            "Root=1-00000000-000000000000000000000000;Parent=53995c3f42cd8ad8",
        ] {
            assert_eq!(TraceParent::from_xray(header), None, "{header}");
        }
        for header in [
            "",
            "00-5759e988bd862e3fe1be46a994272793-0000000000000000-01",
            "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01-x",
            "ff-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01",
            "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8",
        ] {
            assert_eq!(TraceParent::from_w3c(header), None, "{header}");
        }
    }
}
