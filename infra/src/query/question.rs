//! The request that the arguments describe: a path and its parameters, page by page.

use weir_http::parameters::{POINTS_DEFAULT, RANKS_DEFAULT, RANKS_LIMIT};

use super::Arguments;

/// A question, without where its pages begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// The path that answers it.
    pub(super) path: String,
    parameters: Vec<(&'static str, String)>,
    dimensions: Vec<(String, String)>,
    /// The most points or ranks that are wanted; `None` for all.
    pub(super) limit: Option<u32>,
    /// The most that a page is asked for; `None` where there is one page.
    page: Option<u32>,
}

impl Question {
    /// Builds the request that the arguments describe.
    pub(super) fn new(arguments: &Arguments) -> Self {
        let of_ranks = arguments.ranks || arguments.neighbours.is_some();
        let name = segment(&arguments.name);
        let neighbours = arguments.neighbours.map(|count| count.to_string());
        let given = [
            ("from", &arguments.from),
            ("to", &arguments.to),
            ("every", &arguments.every),
            ("time_zone", &arguments.time_zone),
            ("week_start", &arguments.week_start),
            ("fiscal_year_start", &arguments.fiscal_year_start),
            ("measures", &arguments.measures),
            ("fill", &arguments.fill),
            ("compare", &arguments.compare),
            ("after", &arguments.after),
            ("order", &arguments.order),
            ("neighbours", &neighbours),
        ];
        let parameters = given.into_iter();
        Self {
            path: format!("/rollups/{name}{}", if of_ranks { "/ranks" } else { "" }),
            parameters: parameters.filter_map(|(name, text)| Some((name, text.clone()?))).collect(),
            dimensions: arguments.dimensions.clone(),
            limit: match arguments.ranks {
                true => Some(arguments.limit.unwrap_or(RANKS_DEFAULT)),
                false => arguments.limit,
            },
            page: match (arguments.ranks, of_ranks) {
                (true, _) => Some(*RANKS_LIMIT.end()),
                (false, true) => None,
                (false, false) => Some(POINTS_DEFAULT),
            },
        }
    }

    /// Returns the parameters of a page that begins at the cursor, when that many are there
    /// already; `None` when there are enough.
    pub(super) fn page(
        &self,
        cursor: Option<&str>,
        there: u32,
        format: Option<&str>,
    ) -> Option<Vec<(String, String)>> {
        let left = self.limit.map(|limit| limit.saturating_sub(there));
        if left == Some(0) {
            return None;
        }
        let limit = self.page.map(|most| left.unwrap_or(most).min(most).to_string());
        let own = [("cursor", cursor), ("limit", limit.as_deref()), ("format", format)];
        let own = own.iter().filter_map(|(name, value)| Some((*name, (*value)?.to_owned())));
        let parameters = self.parameters.iter().cloned().chain(own);
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value));
        Some(self.dimensions.iter().cloned().chain(parameters).collect())
    }
}

/// Parameters as the client takes them.
pub(super) fn pairs(parameters: &[(String, String)]) -> Vec<(&str, &str)> {
    parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// Returns a name as one segment of a path.
fn segment(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn question(line: &str) -> Question {
        let words = std::iter::once("query").chain(line.split_whitespace());
        Question::new(&Line::try_parse_from(words).expect(line).arguments)
    }

    fn asked(line: &str, cursor: Option<&str>, there: u32, format: Option<&str>) -> String {
        let question = question(line);
        let Some(page) = question.page(cursor, there, format) else { return "enough".to_owned() };
        let pairs: Vec<String> =
            page.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{}?{}", question.path, pairs.join("&"))
    }

    #[test]
    fn every_argument_becomes_its_parameter() {
        let series = "sales country=DE country=FR tier=a=b --every month --from 2026 --to 2027 \
            --time-zone Asia/Tokyo \
            --week-start sunday --fiscal-year-start april --measures orders,revenue --fill zero \
            --compare previous_year --after AQ --json";
        insta::assert_snapshot!(asked(series, None, 0, None), @"/rollups/sales?country=DE&country=FR&tier=a=b&from=2026&to=2027&every=month&time_zone=Asia/Tokyo&week_start=sunday&fiscal_year_start=april&measures=orders,revenue&fill=zero&compare=previous_year&after=AQ&limit=1000");
        insta::assert_snapshot!(asked("sa/les", Some("AQ"), 0, Some("csv")), @"/rollups/sa%2Fles?cursor=AQ&limit=1000&format=csv");
        insta::assert_snapshot!(asked("sales --ranks --every month --from 2026-11 country=DE --order asc", None, 0, None), @"/rollups/sales/ranks?country=DE&from=2026-11&every=month&order=asc&limit=10");
        insta::assert_snapshot!(asked("sales user=ann --neighbours 2 --every all", None, 0, None), @"/rollups/sales/ranks?user=ann&every=all&neighbours=2");
    }

    #[test]
    fn pages_end_with_the_limit() {
        assert_eq!(asked("s --limit 2500", None, 0, None), "/rollups/s?limit=1000");
        assert_eq!(asked("s --limit 2500", Some("A"), 2000, None), "/rollups/s?cursor=A&limit=500");
        assert_eq!(asked("s --limit 2500", Some("B"), 2500, None), "enough");
        assert_eq!(asked("s --ranks --limit 150", None, 0, None), "/rollups/s/ranks?limit=100");
        assert_eq!(asked("s --ranks --limit 150", None, 100, None), "/rollups/s/ranks?limit=50");
    }
}
