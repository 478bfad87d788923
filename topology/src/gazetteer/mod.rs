//! Where in the world a named place is: 69,000 cities of GeoNames, inside the program.
//!
//! `data/cities.tsv.xz` has a line per city: country (ISO 3166-1), region where GeoNames writes
//! it as ISO 3166-2 does (letters, such as `CA` of `US-CA`), degrees north and east, and its
//! names, already folded. Countries are in order, a country's cities by population, the largest
//! first. Cities from 15,000 inhabitants on have the names that other languages give them.
//! The data is that of GeoNames (<https://www.geonames.org>), CC BY 4.0, changed as said here.

// Names as they are compared.
mod fold;
// The closest of many positions.
mod nearest;

use std::cell::OnceCell;
use std::collections::HashMap;
use std::io::{self, Read};

use liblzma::read::XzDecoder;

use crate::graph::Position;

pub(crate) use crate::gazetteer::fold::{fold, spellings};
pub(crate) use crate::gazetteer::nearest::Nearest;

const CITIES: &[u8] = include_bytes!("../../data/cities.tsv.xz");
/// How much of the list is unpacked. A fuzzer does it for each of its inputs: the first countries,
/// Austria among them, do for that, and let it try many more.
const LIST_BYTES_MAX: u64 = if cfg!(fuzzing) { 64 << 10 } else { 64 << 20 };

/// The list of cities, unpacked.
///
/// # Errors
/// Only where the program itself is damaged.
pub(crate) fn unpack() -> io::Result<String> {
    let mut text = String::new();
    XzDecoder::new(CITIES).take(LIST_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// A city.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct City<'t> {
    /// ISO 3166-1, two capital letters.
    pub(crate) country: &'t str,
    /// ISO 3166-2 without the country, or empty.
    pub(crate) region: &'t str,
    pub(crate) position: Position,
    /// Folded, with blanks between; the one in English first.
    pub(crate) names: &'t str,
}

/// Cities by country and name. A country is taken apart when it is first asked for.
pub(crate) struct Gazetteer<'t> {
    list: &'t str,
    countries: HashMap<&'t str, Country<'t>>,
    everywhere: OnceCell<(Vec<City<'t>>, Nearest)>,
}

/// The lines of a country and, once they are wanted, what is in them.
struct Country<'t> {
    lines: &'t str,
    content: OnceCell<(Vec<City<'t>>, Names<'t>)>,
}

/// Name and index of its city, ascending.
type Names<'t> = Vec<(&'t str, u32)>;

impl<'t> Gazetteer<'t> {
    /// From the list; a line that cannot be read is left out.
    pub(crate) fn new(list: &'t str) -> Self {
        let mut countries = HashMap::new();
        let mut rest = list;
        while let Some((country, _)) = rest.split_once('\t') {
            let same = |line: &&str| line.split('\t').next() == Some(country);
            let lines = rest.split_inclusive('\n').take_while(same).map(str::len).sum();
            let (lines, after) = rest.split_at(lines);
            countries.insert(country, Country { lines, content: OnceCell::new() });
            rest = after;
        }
        Self { list, countries, everywhere: OnceCell::new() }
    }

    /// The cities of a country that have this folded name, the larger first.
    pub(crate) fn find(&self, country: &str, name: &str) -> Vec<City<'t>> {
        let Some(country) = self.countries.get(country) else { return Vec::new() };
        let (cities, names) = country.content.get_or_init(|| content(country.lines));
        let start = names.partition_point(|(known, _)| *known < name);
        let same = names[start..].iter().take_while(|(known, _)| *known == name);
        same.map(|(_, city)| cities[*city as usize]).collect()
    }

    /// The country of the city that is closest to a position.
    pub(crate) fn country_at(&self, position: Position) -> Option<&'t str> {
        let (cities, nearest) = self.everywhere.get_or_init(|| {
            let cities: Vec<City<'t>> = self.list.lines().filter_map(city).collect();
            let nearest = Nearest::new(cities.iter().map(|city| city.position).zip(0..).collect());
            (cities, nearest)
        });
        let (city, _) = nearest.find(position)?;
        Some(cities[city as usize].country)
    }
}

fn content(lines: &str) -> (Vec<City<'_>>, Names<'_>) {
    let cities: Vec<City<'_>> = lines.lines().filter_map(city).collect();
    let mut names = Vec::new();
    for (index, city) in (0..).zip(&cities) {
        names.extend(city.names.split(' ').map(|name| (name, index)));
    }
    names.sort_unstable();
    (cities, names)
}

fn city(line: &str) -> Option<City<'_>> {
    let mut fields = line.split('\t');
    let (country, region) = (fields.next()?, fields.next()?);
    let (latitude, longitude) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let position = Position { latitude, longitude };
    Some(City { country, region, position, names: fields.next()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cities_are_found_by_the_names_of_several_languages() {
        let list = unpack().unwrap();
        let gazetteer = Gazetteer::new(&list);
        let near = |country, name: &str, latitude: f64, longitude: f64| {
            let city = gazetteer.find(country, &fold(name))[0];
            let Position { latitude: north, longitude: east } = city.position;
            (north - latitude).abs() < 0.05 && (east - longitude).abs() < 0.05
        };
        for name in ["München", "Muenchen", "Munich", "MUNICH", "Monaco di Baviera"] {
            assert!(near("DE", name, 48.137, 11.575), "{name}");
        }
        assert!(near("IT", "Milano", 45.464, 9.190));
        assert!(near("IT", "Bozen", 46.491, 11.340));
        assert!(near("US", "New York", 40.714, -74.006));
        assert_eq!(gazetteer.find("DE", &fold("Milano")), []);
        assert_eq!(gazetteer.find("XX", "milan"), []);
        // The larger of two of the name first: the one on the Main.
        assert!(near("DE", "Frankfurt", 50.116, 8.684));
        assert_eq!(gazetteer.country_at(Position { latitude: 52.37, longitude: 4.9 }), Some("NL"));
    }
}
