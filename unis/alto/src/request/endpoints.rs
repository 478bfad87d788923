//! Endpoints as a server needs them: addresses packed side by side, and the texts where they were
//! read, so that an answer can repeat them without a copy of its own for each.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use crate::address::{self, TypedAddress};
use crate::distinct::{are_distinct, remove, repeats};
use crate::pairs::Part;
use crate::request::parts::sort_key;
use crate::write::push_string;

/// Most lists of sources are no longer.
const FEW: usize = 4;

/// Endpoints for which room is made at once: it costs what it costs, for one as well.
const STEP: usize = 64;

/// A list of endpoints, each address once, with the text that came first.
#[derive(Clone, Debug)]
pub struct Endpoints<'a> {
    /// Holds every text, in its quotes.
    base: Cow<'a, [u8]>,
    places: Vec<Place>,
    addresses: Addresses,
}

/// The addresses of a list, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Addresses {
    /// IPv4 alone, each as the number that it is.
    V4(Vec<u32>),
    /// Any; canonical, so never an IPv4-mapped one.
    Any(Vec<IpAddr>),
}

/// Where a text stands, with its quotes.
#[derive(Clone, Copy, Debug)]
struct Place {
    begin: u32,
    bytes: u32,
}

impl<'a> Endpoints<'a> {
    /// An empty list over a body, with room for a few; `None` where that has 4 GiB or more.
    pub(crate) fn over(body: &'a [u8]) -> Option<Self> {
        u32::try_from(body.len()).ok()?;
        let (places, addresses) = (Vec::with_capacity(FEW), Vec::with_capacity(FEW));
        Some(Self { base: Cow::Borrowed(body), places, addresses: Addresses::V4(addresses) })
    }

    /// Whether the next one needs more room.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.places.len() == self.places.capacity()
    }

    /// Makes room for as many as so many bytes can hold.
    pub(crate) fn reserve_for(&mut self, bytes: usize) {
        let count = bytes / br#""ipv4:1.2.3.4","#.len() + 1;
        self.places.reserve(count);
        if let Addresses::V4(addresses) = &mut self.addresses {
            addresses.reserve(count);
        }
    }

    /// Adds an IPv4 address whose text, with its quotes, stands here.
    #[inline]
    pub(crate) fn push_v4(&mut self, address: u32, begin: usize, bytes: usize) {
        // Both are below the length of the base, which fits.
        self.places.push(Place { begin: begin as u32, bytes: bytes as u32 });
        match &mut self.addresses {
            Addresses::V4(addresses) => addresses.push(address),
            Addresses::Any(addresses) => addresses.push(Ipv4Addr::from_bits(address).into()),
        }
    }

    /// Takes IPv4 endpoints as they are told (the address, where its text begins, how many bytes it
    /// has), until there is none or no more room.
    #[inline(always)]
    pub(crate) fn fill_v4(&mut self, mut next: impl FnMut() -> Option<(u32, usize, usize)>) {
        let mut is_over = false;
        while !is_over && !self.is_full() {
            let Addresses::V4(addresses) = &mut self.addresses else {
                let Some((address, begin, bytes)) = next() else { return };
                self.push_v4(address, begin, bytes);
                continue;
            };
            let len = self.places.len();
            let end = self.places.capacity().min(len + STEP);
            self.places.resize(end, Place { begin: 0, bytes: 0 });
            addresses.resize(end, 0);
            let mut taken = len;
            let room = self.places[len..].iter_mut().zip(&mut addresses[len..]);
            for (place, address) in room {
                let Some((bits, begin, bytes)) = next() else {
                    is_over = true;
                    break;
                };
                (*place, *address) = (Place { begin: begin as u32, bytes: bytes as u32 }, bits);
                taken += 1;
            }
            self.places.truncate(taken);
            addresses.truncate(taken);
        }
    }

    /// The same for an address of any kind.
    pub(crate) fn push(&mut self, address: IpAddr, begin: usize, bytes: usize) {
        if let (IpAddr::V6(_), Addresses::V4(v4)) = (address, &self.addresses) {
            let all = v4.iter().map(|bits| IpAddr::V4(Ipv4Addr::from_bits(*bits)));
            self.addresses = Addresses::Any(all.collect());
        }
        match address {
            IpAddr::V4(address) => self.push_v4(address.to_bits(), begin, bytes),
            IpAddr::V6(_) => {
                self.places.push(Place { begin: begin as u32, bytes: bytes as u32 });
                if let Addresses::Any(addresses) = &mut self.addresses {
                    addresses.push(address);
                }
            }
        }
    }

    /// Takes out what came before: two texts of one address are one endpoint (RFC 7285 §10.4).
    pub(crate) fn without_repeats(mut self) -> Self {
        let again = match &self.addresses {
            Addresses::V4(bits) if are_distinct(bits, |bits| u64::from(*bits)) => return self,
            Addresses::V4(bits) => repeats(bits.iter().copied()),
            Addresses::Any(all) => {
                let keys: Vec<u128> = all.iter().map(|address| sort_key(*address)).collect();
                if are_distinct(&keys, |key| *key as u64 ^ (*key >> 64) as u64) {
                    return self;
                }
                repeats(keys)
            }
        };
        remove(&mut self.places, &again);
        match &mut self.addresses {
            Addresses::V4(bits) => remove(bits, &again),
            Addresses::Any(all) => remove(all, &again),
        }
        self
    }

    /// Endpoints that were read the exact way.
    pub(crate) fn of(list: &[TypedAddress]) -> Endpoints<'static> {
        let mut base = Vec::new();
        let mut endpoints = Endpoints {
            base: Cow::Borrowed(&[]),
            places: Vec::new(),
            addresses: Addresses::V4(Vec::new()),
        };
        for TypedAddress { text, address } in list {
            let begin = base.len();
            push_string(&mut base, text);
            endpoints.push(*address, begin, base.len() - begin);
        }
        endpoints.base = Cow::Owned(base);
        endpoints
    }

    /// The one endpoint at `address`, by its canonical text.
    #[must_use]
    pub fn one(address: IpAddr) -> Endpoints<'static> {
        let address = address.to_canonical();
        Endpoints::of(&[TypedAddress { text: address::format(address), address }])
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The addresses.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// How many bytes all texts have, with their quotes.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        self.places.iter().map(|place| place.bytes as usize).sum()
    }

    /// The text of endpoint `index` with its quotes, a JSON string.
    ///
    /// # Panics
    /// Where there are not so many.
    #[must_use]
    pub fn quoted(&self, index: usize) -> &[u8] {
        let Place { begin, bytes } = self.places[index];
        &self.base[begin as usize..][..bytes as usize]
    }

    /// All texts with their quotes, in order; for those who copy many.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = Part<'_>> {
        let base = &*self.base;
        let part = move |place: &Place| Part {
            base,
            begin: place.begin as usize,
            bytes: place.bytes as usize,
        };
        self.places.iter().map(part)
    }

    /// The list as it stands in a query.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn typed(&self) -> Vec<TypedAddress> {
        let text = |index| String::from_utf8_lossy(self.quoted(index)).trim_matches('"').to_owned();
        let one = |(index, address)| TypedAddress { text: text(index), address };
        match &self.addresses {
            Addresses::V4(bits) => bits
                .iter()
                .map(|bits| Ipv4Addr::from_bits(*bits).into())
                .enumerate()
                .map(one)
                .collect(),
            Addresses::Any(all) => all.iter().copied().enumerate().map(one).collect(),
        }
    }
}
