//! From the root directory through all that it delegates to (RFC 7285 §9.2.4), without I/O: the
//! walk says which directory is next, the caller brings it.

use std::collections::{BTreeSet, VecDeque};

use alto::cost::CostType;
use alto::directory::{Directory, Entry};
use alto::media;
use alto::name::ResourceId;

use crate::directory::catalogue::{Catalogue, Resource, Skipped};
use crate::url::{Url, UrlError};

/// Most entries that are remembered as left out.
const MAX_SKIPPED: usize = 64;

/// How far a walk goes. What lies beyond is left out, and said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalkLimits {
    /// Most steps of delegation below the root directory.
    pub depth: usize,
    /// Most directories that are fetched.
    pub directories: usize,
    /// Most resources that are taken in.
    pub resources: usize,
    /// Most bytes of all directories together, decompressed.
    pub bytes: usize,
}

impl Default for WalkLimits {
    fn default() -> Self {
        Self { depth: 4, directories: 32, resources: 4096, bytes: 4 << 20 }
    }
}

/// A directory that is to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    /// Its id in the directory that delegates to it; empty for the root.
    pub(crate) id: String,
    /// Where it is.
    pub(crate) url: Url,
    /// How many steps below the root.
    depth: usize,
}

/// A walk on its way.
#[derive(Debug)]
pub(crate) struct Walk {
    limits: WalkLimits,
    queue: VecDeque<Stop>,
    /// Every directory that was ever in the queue: who delegates in a circle is visited once.
    seen: BTreeSet<Url>,
    bytes_left: usize,
    catalogue: Catalogue,
}

impl Walk {
    pub(crate) fn new(root: Url, limits: WalkLimits) -> Self {
        let seen = BTreeSet::from([root.clone()]);
        let queue = VecDeque::from([Stop { id: String::new(), url: root, depth: 0 }]);
        let bytes_left = limits.bytes;
        Self { limits, queue, seen, bytes_left, catalogue: Catalogue::default() }
    }

    /// The directory to fetch now, level by level; none when the walk is done.
    pub(crate) fn next(&mut self) -> Option<Stop> {
        self.queue.pop_front()
    }

    /// Most bytes that the next directory may have.
    pub(crate) fn bytes_left(&self) -> usize {
        self.bytes_left
    }

    /// Takes a directory of `bytes` bytes in, which came from `url` in the end.
    pub(crate) fn arrived(&mut self, stop: &Stop, url: &Url, bytes: usize, directory: Directory) {
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
        self.seen.insert(url.clone());
        let Directory { meta, resources } = directory;
        if stop.depth == 0 {
            self.catalogue.default_network_map = meta.default_network_map;
        }
        for (id, entry) in resources {
            match url.join(&entry.uri).and_then(|target| same_safety(url, target, &entry)) {
                Err(error) => self.skip(&id, error.to_string()),
                Ok(target) if is_directory(&entry) => self.delegate(stop, id, target),
                Ok(target) => {
                    let named = entry.capabilities.cost_type_names.iter();
                    let known = named.filter_map(|name| meta.cost_types.get(name).cloned());
                    let cost_types = known.collect();
                    self.list(resource(id, target, entry, cost_types));
                }
            }
        }
    }

    /// Goes on without a directory that could not be had.
    pub(crate) fn failed(&mut self, stop: &Stop, reason: String) {
        self.skip(&stop.id, reason);
    }

    pub(crate) fn finish(self) -> Catalogue {
        self.catalogue
    }

    fn delegate(&mut self, stop: &Stop, id: String, url: Url) {
        if self.seen.contains(&url) {
            return;
        }
        let depth = stop.depth + 1;
        if depth > self.limits.depth {
            return self.skip(&id, format!("delegated more than {} times", self.limits.depth));
        }
        if self.seen.len() >= self.limits.directories {
            let reason = format!("there are more than {} directories", self.limits.directories);
            return self.skip(&id, reason);
        }
        self.seen.insert(url.clone());
        self.queue.push_back(Stop { id, url, depth });
    }

    fn list(&mut self, resource: Resource) {
        let id = resource.id.clone();
        if let Err(error) = ResourceId::parse(&id) {
            return self.skip(&id, error.to_string());
        }
        if self.catalogue.resources.contains_key(&id) {
            return self.skip(&id, "another directory has this id already".to_owned());
        }
        if self.catalogue.resources.len() >= self.limits.resources {
            let reason = format!("there are more than {} resources", self.limits.resources);
            return self.skip(&id, reason);
        }
        self.catalogue.resources.insert(id, resource);
    }

    fn skip(&mut self, id: &str, reason: String) {
        if self.catalogue.skipped.len() < MAX_SKIPPED {
            self.catalogue.skipped.push(Skipped { id: id.to_owned(), reason });
        }
    }
}

/// A secure directory does not send its clients to places that anyone can forge.
fn same_safety(directory: &Url, target: Url, entry: &Entry) -> Result<Url, UrlError> {
    if directory.is_secure() && !target.is_secure() {
        return Err(UrlError::insecure(&entry.uri));
    }
    Ok(target)
}

fn is_directory(entry: &Entry) -> bool {
    entry.media_type.eq_ignore_ascii_case(media::DIRECTORY) && entry.accepts.is_none()
}

fn resource(id: String, url: Url, entry: Entry, cost_types: Vec<CostType>) -> Resource {
    Resource {
        id,
        url,
        media_type: entry.media_type.to_ascii_lowercase(),
        accepts: entry.accepts.map(|accepts| accepts.to_ascii_lowercase()),
        cost_types,
        cost_constraints: entry.capabilities.cost_constraints,
        prop_types: entry.capabilities.prop_types,
        uses: entry.uses,
    }
}

#[cfg(test)]
mod tests {
    use alto::cost::Mode;
    use alto::directory;

    use super::*;

    fn root() -> Url {
        Url::parse("https://alto.example.com/root/directory").unwrap()
    }

    /// Walks a site of directories by URL; what is not there fails.
    fn walk(site: &[(&str, &str)], limits: WalkLimits) -> (Catalogue, Vec<String>) {
        let (mut walk, mut visits) = (Walk::new(root(), limits), Vec::new());
        while let Some(stop) = walk.next() {
            let url = stop.url.to_string();
            match site.iter().find(|(place, _)| *place == url) {
                Some((_, text)) => {
                    let directory = directory::parse(text).unwrap();
                    walk.arrived(&stop, &stop.url, text.len(), directory);
                }
                None => walk.failed(&stop, "not there".to_owned()),
            }
            visits.push(url);
        }
        (walk.finish(), visits)
    }

    fn delegating(uris: &[&str]) -> String {
        let entry = |(index, uri): (usize, &&str)| {
            let media_type = media::DIRECTORY;
            format!(r#""to-{index}": {{"uri": "{uri}", "media-type": "{media_type}"}}"#)
        };
        let entries: Vec<String> = uris.iter().enumerate().map(entry).collect();
        format!(r#"{{"resources": {{{}}}}}"#, entries.join(","))
    }

    #[test]
    fn c16_directories_that_delegate_in_a_circle_are_visited_once() {
        let here = delegating(&["../a/directory", "directory", ".", "/b"]);
        let a =
            delegating(&["/root/directory", "/b", "https://ALTO.example.com:443/a/./directory"]);
        let b = delegating(&["/a/directory#again"]);
        let site = [
            ("https://alto.example.com/root/directory", here.as_str()),
            ("https://alto.example.com/a/directory", &a),
            ("https://alto.example.com/b", &b),
        ];
        let (catalogue, visits) = walk(&site, WalkLimits::default());
        assert_eq!(
            visits,
            [
                "https://alto.example.com/root/directory",
                "https://alto.example.com/a/directory",
                "https://alto.example.com/root/",
                "https://alto.example.com/b",
            ]
        );
        let skipped = [Skipped { id: "to-2".to_owned(), reason: "not there".to_owned() }];
        assert_eq!(catalogue.skipped(), skipped);
    }

    #[test]
    fn depth_and_number_of_directories_are_bounded() {
        let deeper = delegating(&["x/d", "y/d"]);
        let site: Vec<String> = ["", "x/", "y/", "x/x/", "x/y/"]
            .map(|path| format!("https://alto.example.com/root/{path}d"))
            .to_vec();
        let mut site: Vec<_> = site.iter().map(|url| (url.as_str(), deeper.as_str())).collect();
        site.push(("https://alto.example.com/root/directory", &deeper));
        let shallow = WalkLimits { depth: 1, ..WalkLimits::default() };
        let (catalogue, visits) = walk(&site, shallow);
        assert_eq!(visits.len(), 3);
        assert_eq!(catalogue.skipped().len(), 4);
        let few = WalkLimits { directories: 2, ..WalkLimits::default() };
        assert_eq!(walk(&site, few).1.len(), 2);
    }

    /// Made after RFC 7285 §9.2.3 and §9.2.4: names of cost types are each directory's own, and
    /// a delegated resource may use a map of the root.
    #[test]
    fn c11_names_are_local_and_uses_cross_directories() {
        let root = r#"{"meta": {"default-alto-network-map": "net", "cost-types": {
              "num": {"cost-mode": "numerical", "cost-metric": "routingcost"},
              "later": {"cost-mode": "array", "cost-metric": "ane-path"}}},
            "resources": {
              "net": {"uri": "/networkmap", "media-type": "application/alto-networkmap+json"},
              "num-map": {"uri": "/costmap/num?x=1", "media-type": "application/ALTO-costmap+json",
                "capabilities": {"cost-type-names": ["num", "later"], "new": {"x": 1}},
                "uses": ["net"], "priv:new": [1]},
              "plain": {"uri": "http://alto.example.com/x", "media-type": "a/b"},
              "no.name": {"uri": "/x", "media-type": "a/b"},
              "custom": {"uri": "https://custom.alto.example.com/ird",
                "media-type": "application/alto-directory+json"}}}"#;
        let custom = r#"{"meta": {"cost-types": {
              "num": {"cost-mode": "ordinal", "cost-metric": "hopcount"}}},
            "resources": {
              "num-map": {"uri": "shadow", "media-type": "a/b"},
              "hops": {"uri": "maps/hops", "media-type": "application/alto-costmap+json",
                "capabilities": {"cost-type-names": ["num"]}, "uses": ["net"]}}}"#;
        let site = [
            ("https://alto.example.com/root/directory", root),
            ("https://custom.alto.example.com/ird", custom),
        ];
        let (catalogue, _) = walk(&site, WalkLimits::default());
        let default = catalogue.default_network_map().unwrap();
        assert_eq!(default.url.to_string(), "https://alto.example.com/networkmap");
        let url = |metric, mode| {
            let found = catalogue.cost_map("net", &CostType::new(metric, mode));
            found.map(|resource| resource.url.to_string())
        };
        let routing = url("routingcost", Mode::Numerical);
        assert_eq!(routing.unwrap(), "https://alto.example.com/costmap/num?x=1");
        let hops = url("hopcount", Mode::Ordinal);
        assert_eq!(hops.unwrap(), "https://custom.alto.example.com/maps/hops");
        assert_eq!(url("routingcost", Mode::Ordinal), None);
        let skipped: Vec<_> =
            catalogue.skipped().iter().map(|skipped| skipped.id.as_str()).collect();
        assert_eq!(skipped, ["no.name", "plain", "num-map"]);
    }
}
