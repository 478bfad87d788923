//! The point of presence that a named place belongs to.
//!
//! A city that the gazetteer has goes to the nearest node with coordinates; another, or a network
//! without coordinates, to the node that has the city's name. A country or a region alone is a
//! place only where it has a single node, or a node that is named by the region's code.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::fmt;

use crate::cost::great_circle_km;
use crate::gazetteer::{City, Gazetteer, Nearest, fold, spellings};
use crate::graph::{Graph, Node, NodeIndex, Position, Role};

/// How far from a city of its name a node may be to be in that city.
const SAME_CITY_KM: f64 = 25.0;
/// The country of what shall have no place (RFC 8805 §2.1.2).
const NO_COUNTRY: &str = "ZZ";
/// Places whose node is remembered.
const PLACES_MAX: usize = 1 << 18;

/// A place as a feed names it. Displays as `country,region,city`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// ISO 3166-1, two capital letters.
    country: String,
    /// ISO 3166-2, without the country.
    region: String,
    city: String,
}

/// What became of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    /// It belongs to this node.
    Node(NodeIndex),
    /// Its city is not known.
    UnknownCity,
    /// It is a country or a region, and more than one node may be meant.
    Vague,
    /// It is none: all fields are empty, or the feed says so.
    Nowhere,
}

/// Finds nodes for places.
pub(crate) struct Locator<'a> {
    gazetteer: Gazetteer<'a>,
    /// Internal nodes, ascending by key: of equally near ones the first wins.
    nodes: Vec<(NodeIndex, &'a Node)>,
    /// Those with coordinates, as indexes into the former.
    nearest: Nearest,
    /// Folded names, as indexes into the former.
    by_name: HashMap<String, u32>,
    /// The only node of a country; `None` where it has several.
    alone: OnceCell<HashMap<&'a str, Option<NodeIndex>>>,
    known: HashMap<Place, Where>,
}

impl Place {
    pub(crate) fn new(country: &str, region: &str, city: &str) -> Self {
        let country = country.trim().to_ascii_uppercase();
        let region = region.trim().to_ascii_uppercase();
        let region = match region.split_once('-') {
            Some((of, region)) if of == country => region.to_owned(),
            // A region of another country says nothing.
            Some(_) => String::new(),
            None => region,
        };
        Self { country, region, city: city.trim().to_owned() }
    }

    /// Nothing is said, or that the prefix shall have no place (RFC 8805 §2.1.2).
    fn is_none(&self) -> bool {
        self.country == NO_COUNTRY
            || (self.country.is_empty() && self.region.is_empty() && self.city.is_empty())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{}", self.country, self.region, self.city)
    }
}

impl<'a> Locator<'a> {
    pub(crate) fn new(graph: &'a Graph, gazetteer: Gazetteer<'a>) -> Self {
        let internal = (0..).zip(graph.nodes()).filter(|(_, node)| node.role == Role::Internal);
        let mut nodes: Vec<(NodeIndex, &Node)> = internal.collect();
        nodes.sort_by_key(|(_, node)| &node.key);
        let mut by_name = HashMap::new();
        let mut positions = Vec::new();
        for (index, (_, node)) in (0..).zip(&nodes) {
            for name in names(&node.key) {
                by_name.entry(name).or_insert(index);
            }
            positions.extend(node.position.map(|position| (position, index)));
        }
        let (nearest, alone) = (Nearest::new(positions), OnceCell::new());
        Self { gazetteer, nodes, nearest, by_name, alone, known: HashMap::new() }
    }

    /// The node of a place.
    pub(crate) fn find(&mut self, place: &Place) -> Where {
        if let Some(found) = self.known.get(place) {
            return *found;
        }
        let found = self.locate(place);
        if self.known.len() < PLACES_MAX {
            self.known.insert(place.clone(), found);
        }
        found
    }

    fn locate(&self, place: &Place) -> Where {
        if place.is_none() {
            return Where::Nowhere;
        }
        let in_city = if place.city.is_empty() { None } else { self.in_city(place) };
        match in_city.or_else(|| self.in_region(place)) {
            Some(node) => Where::Node(node),
            None if place.city.is_empty() => Where::Vague,
            None => Where::UnknownCity,
        }
    }

    fn in_city(&self, place: &Place) -> Option<NodeIndex> {
        let spellings = spellings(&place.city);
        let namesake = spellings.iter().find_map(|name| self.by_name.get(name)).copied();
        let position_of = |index: u32| self.nodes[index as usize].1.position;
        if let Some(city) = self.city(place, &spellings, namesake.and_then(position_of)) {
            if let Some((index, _)) = self.nearest.find(city.position) {
                return Some(self.nodes[index as usize].0);
            }
            // No node has coordinates: by any name that the city has.
            let mut names = city.names.split(' ');
            if let Some(index) = names.find_map(|name| self.by_name.get(name)) {
                return Some(self.nodes[*index as usize].0);
            }
        }
        // A node of that name elsewhere stands for another city.
        namesake
            .filter(|index| position_of(*index).is_none_or(|at| self.is_in(at, &place.country)))
            .map(|index| self.nodes[index as usize].0)
    }

    /// Of a country's cities of one name: the one in the region, else the one where the node of
    /// that name is, else the largest.
    fn city(
        &self,
        place: &Place,
        spellings: &[String],
        node: Option<Position>,
    ) -> Option<City<'a>> {
        let found = |name: &String| {
            let all = self.gazetteer.find(&place.country, name);
            let in_region =
                all.iter().find(|city| !place.region.is_empty() && city.region == place.region);
            let at_node = || {
                let node = node?;
                all.iter().find(|city| great_circle_km(city.position, node) <= SAME_CITY_KM)
            };
            in_region.or_else(at_node).or(all.first()).copied()
        };
        spellings.iter().find_map(found)
    }

    fn in_region(&self, place: &Place) -> Option<NodeIndex> {
        let by_code = || {
            let full = format!("{}-{}", place.country, place.region);
            let mut nodes =
                self.nodes.iter().filter(|(_, node)| node.key == full || node.key == place.region);
            nodes.find(|(_, node)| node.position.is_some_and(|at| self.is_in(at, &place.country)))
        };
        let by_code = if place.region.is_empty() { None } else { by_code() };
        by_code.map(|(index, _)| *index).or_else(|| self.alone_in(&place.country))
    }

    fn alone_in(&self, country: &str) -> Option<NodeIndex> {
        let alone = self.alone.get_or_init(|| {
            let mut alone = HashMap::new();
            for (index, node) in &self.nodes {
                let country = node.position.and_then(|at| self.gazetteer.country_at(at));
                let Some(country) = country else { continue };
                let only = alone.entry(country).or_insert(Some(*index));
                *only = only.filter(|known| known == index);
            }
            alone
        });
        alone.get(country).copied().flatten()
    }

    fn is_in(&self, position: Position, country: &str) -> bool {
        country.is_empty() || self.gazetteer.country_at(position) == Some(country)
    }
}

/// What a node may be called by its key: `Milano-2` is also `Milano`.
fn names(key: &str) -> Vec<String> {
    let mut names = spellings(key);
    let bare = key.trim_end_matches(|c: char| !c.is_alphabetic());
    for name in [fold(bare)].into_iter().chain(spellings(bare)) {
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
