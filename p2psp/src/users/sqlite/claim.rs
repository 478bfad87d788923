//! Receipts become credit, by double entry: what the consumer is debited, contributor, relay and
//! the provider's house are credited. Only what a receipt tells beyond the last one of its epoch
//! counts.

use mp2p::id::{PeerId, UserId};
use mp2p::message::report::{Limit, ReceiptOutcome, RefusalCode};
use mp2p::receipt::Receipt;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;

use crate::users::ledger::{Act, Claim, Terms};
use crate::users::sqlite::day::Sum;
use crate::users::sqlite::profile::{note, standing};
use crate::users::sqlite::{day, distribution};

/// The account that takes what no user gets, and pays what no user is debited.
const HOUSE: &str = "house";

/// A user can sign for so much in a day, bytes: 1.6 Gbit/s all day long. Sums do not overflow.
const MOST_A_DAY: u64 = 1 << 44;

/// Bytes credited to a user on a day from which on the day counts for the user's reputation.
const GIVEN_WELL: u64 = 16 << 20;

/// The last receipt of an epoch.
struct Last {
    content: String,
    seq: u64,
    bytes: u64,
    fragments: u64,
    rejected: u64,
    digest: [u8; 32],
}

/// One end of an exchange.
struct Party {
    user: Option<UserId>,
    is_out: bool,
    is_cache: bool,
}

/// What a receipt tells beyond the last one.
struct News {
    bytes: u64,
    rejected: u64,
}

/// Who is credited what.
struct Split {
    contributor: u64,
    relay: u64,
    limited_by: Option<Limit>,
}

/// Takes one receipt.
pub(super) fn take(
    tx: &Connection,
    claim: &Claim,
    terms: &Terms,
    now: u64,
) -> rusqlite::Result<ReceiptOutcome> {
    let receipt = &claim.receipt;
    let ends = [Some(&receipt.contributor), Some(&receipt.consumer), receipt.via.as_ref()];
    if !ends.contains(&Some(&claim.sender)) {
        return Ok(refused(RefusalCode::NotYours, "the sender has no part in it"));
    }
    let (contributor, consumer) =
        (party(tx, &receipt.contributor, now)?, party(tx, &receipt.consumer, now)?);
    let (Some(contributor), Some(consumer)) = (contributor, consumer) else {
        return Ok(refused(RefusalCode::UnknownPeer, "an end of it never joined"));
    };
    if contributor.is_out || consumer.is_out {
        return Ok(refused(RefusalCode::LockedOut, "an end of it is locked out"));
    }
    let news = match news(tx, receipt, now)? {
        Ok(news) => news,
        Err(outcome) => return Ok(outcome),
    };
    let got = day::got(tx, consumer.user.as_ref(), day::of(now))?;
    if got.saturating_add(news.bytes) > MOST_A_DAY {
        return Ok(refused(RefusalCode::Implausible, "no line carries so much in a day"));
    }
    keep(tx, receipt)?;
    let relay = match &receipt.via {
        Some(via) => party(tx, via, now)?.filter(|relay| !relay.is_out),
        None => None,
    };
    let relay = relay.and_then(|relay| relay.user);
    let split = split(tx, (&contributor, &consumer, relay.as_ref()), &news, (receipt, terms), now)?;
    let is_own = contributor.user.is_some() && contributor.user == consumer.user;
    let spent = if is_own { 0 } else { news.bytes };
    let postings = [
        (account(contributor.user.as_ref()), split.contributor, 0),
        (account(relay.as_ref()), split.relay, 0),
        (account(consumer.user.as_ref()), 0, spent),
    ];
    post(tx, &postings)?;
    remember(tx, receipt, (&contributor, &consumer), (&news, &split), now)?;
    let detail = json!({
        "consumer": receipt.consumer, "overlay": receipt.overlay_id, "epoch": receipt.epoch,
        "seq": receipt.seq, "bytes": receipt.bytes, "postings": postings,
    });
    let by = Act { actor: format!("peer/{}", claim.sender), now };
    note(tx, &by, "receipt", &receipt.contributor.digits(), detail)?;
    Ok(ReceiptOutcome::Accepted { credited: split.contributor, limited_by: split.limited_by })
}

fn refused(code: RefusalCode, reason: &str) -> ReceiptOutcome {
    ReceiptOutcome::Refused { code, reason: reason.to_owned() }
}

/// A peer that joined, or a server that OMS told of.
fn party(tx: &Connection, peer: &PeerId, now: u64) -> rusqlite::Result<Option<Party>> {
    let service = tx
        .prepare_cached("SELECT service FROM server WHERE peer = ?1 AND until >= ?2")?
        .query_row(params![&*peer.digits(), now], |row| row.get::<_, String>(0))
        .optional()?;
    let is_cache = service.as_deref() == Some("cache");
    Ok(match standing(tx, &peer.digits())? {
        Some(known) => Some(Party { user: Some(known.user), is_out: known.is_out, is_cache }),
        None => service.map(|_| Party { user: None, is_out: false, is_cache }),
    })
}

/// What a receipt tells anew, or the outcome where it does not count.
fn news(
    tx: &Connection,
    receipt: &Receipt,
    now: u64,
) -> rusqlite::Result<Result<News, ReceiptOutcome>> {
    let Some(last) = last(tx, receipt)? else {
        return Ok(Ok(News { bytes: receipt.bytes, rejected: receipt.rejected }));
    };
    let sums = [
        (receipt.bytes, last.bytes),
        (receipt.fragments, last.fragments),
        (receipt.rejected, last.rejected),
    ];
    let is_older = receipt.seq < last.seq;
    let is_same = receipt.seq == last.seq;
    let refusal = if receipt.content_id.as_str() != last.content {
        Some((RefusalCode::Conflict, "its epoch belongs to another content"))
    } else if is_same && digest(receipt) != last.digest {
        Some((RefusalCode::Conflict, "another receipt of its number says something else"))
    } else if is_older && sums.iter().any(|(this, last)| this > last) {
        Some((RefusalCode::Conflict, "a later receipt tells of less"))
    } else if !is_older && sums.iter().any(|(this, last)| this < last) {
        Some((RefusalCode::Decreasing, "an earlier receipt tells of more"))
    } else {
        None
    };
    if let Some((code, reason)) = refusal {
        flag(tx, receipt, &last, now)?;
        return Ok(Err(refused(code, reason)));
    }
    Ok(match is_older || is_same {
        true => Err(ReceiptOutcome::Duplicate),
        false => Ok(News {
            bytes: receipt.bytes - last.bytes,
            rejected: receipt.rejected - last.rejected,
        }),
    })
}

fn last(tx: &Connection, receipt: &Receipt) -> rusqlite::Result<Option<Last>> {
    tx.prepare_cached(
        "SELECT content, seq, bytes, fragments, rejected, digest FROM epoch
         WHERE contributor = ?1 AND consumer = ?2 AND overlay = ?3 AND epoch = ?4",
    )?
    .query_row(
        params![
            &*receipt.contributor.digits(),
            &*receipt.consumer.digits(),
            receipt.overlay_id.as_str(),
            receipt.epoch
        ],
        |row| {
            Ok(Last {
                content: row.get(0)?,
                seq: row.get(1)?,
                bytes: row.get(2)?,
                fragments: row.get(3)?,
                rejected: row.get(4)?,
                digest: row.get(5)?,
            })
        },
    )
    .optional()
}

/// Two signatures over one receipt differ; what it says does not.
fn digest(receipt: &Receipt) -> [u8; 32] {
    // A receipt that was read can be written.
    blake3::hash(&serde_json::to_vec(receipt).unwrap_or_default()).into()
}

/// The consumer signed what cannot be true together: counted, and both kept in the trail.
fn flag(tx: &Connection, receipt: &Receipt, last: &Last, now: u64) -> rusqlite::Result<()> {
    day::add(tx, &receipt.consumer.digits(), day::of(now), Sum::Flagged, 1)?;
    let detail = json!({
        "receipt": receipt, "last": {"content": last.content, "seq": last.seq, "bytes": last.bytes},
    });
    let by = Act { actor: "ums".into(), now };
    note(tx, &by, "receipt-conflict", &receipt.consumer.digits(), detail)
}

fn keep(tx: &Connection, receipt: &Receipt) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT OR REPLACE INTO epoch VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)")?
        .execute(params![
            &*receipt.contributor.digits(),
            &*receipt.consumer.digits(),
            receipt.overlay_id.as_str(),
            receipt.epoch,
            receipt.content_id.as_str(),
            receipt.seq,
            receipt.bytes,
            receipt.fragments,
            receipt.rejected,
            receipt.ts,
            digest(receipt)
        ])
        .map(|_| ())
}

/// What the contributor and the relay get, within the bounds of the day.
fn split(
    tx: &Connection,
    (contributor, consumer, relay): (&Party, &Party, Option<&UserId>),
    news: &News,
    (receipt, terms): (&Receipt, &Terms),
    now: u64,
) -> rusqlite::Result<Split> {
    let day = day::of(now);
    let share = |percent: u64| u64::try_from(u128::from(news.bytes) * u128::from(percent) / 100);
    let for_relay = match receipt.via {
        Some(_) => share(terms.relay_percent.min(100)).unwrap_or(u64::MAX),
        None => 0,
    };
    let for_relay = for_relay.min(news.bytes);
    let relayed = match relay {
        Some(user) if consumer.user.as_ref() != Some(user) => {
            for_relay.min(terms.max_user_bytes.saturating_sub(day::credited(tx, user, day)?))
        }
        _ => 0,
    };
    let given = news.bytes - for_relay;
    let worth = match contributor.is_cache {
        true => (u128::from(given) * u128::from(terms.cache_percent) / 100).try_into(),
        false => Ok(given),
    };
    let worth: u64 = worth.unwrap_or(u64::MAX);
    let (Some(giver), Some(getter)) = (&contributor.user, &consumer.user) else {
        return Ok(Split { contributor: 0, relay: relayed, limited_by: None });
    };
    if giver == getter {
        return Ok(Split { contributor: 0, relay: 0, limited_by: Some(Limit::SameUser) });
    }
    let of_pair = terms.max_pair_bytes.saturating_sub(pair(tx, giver, getter, day)?);
    let mut of_user = terms.max_user_bytes.saturating_sub(day::credited(tx, giver, day)?);
    if relay == Some(giver) {
        of_user = of_user.saturating_sub(relayed);
    }
    let granted = worth.min(of_pair).min(of_user);
    let limited_by = match granted < worth {
        true if of_user <= of_pair => Some(Limit::User),
        true => Some(Limit::Pair),
        false => None,
    };
    Ok(Split { contributor: granted, relay: relayed, limited_by })
}

fn pair(tx: &Connection, giver: &UserId, getter: &UserId, day: u64) -> rusqlite::Result<u64> {
    let sql = "SELECT credited FROM pair_day WHERE day = ?1 AND giver = ?2 AND getter = ?3";
    let sum = tx
        .prepare_cached(sql)?
        .query_row(params![day, giver.as_str(), getter.as_str()], |row| row.get(0))
        .optional()?;
    Ok(sum.unwrap_or(0))
}

fn account(user: Option<&UserId>) -> String {
    user.map_or_else(|| HOUSE.to_owned(), |user| format!("user/{user}"))
}

/// Account, credit, debit; the house gets or pays the difference, so that all together is nothing.
fn post(tx: &Connection, postings: &[(String, u64, u64)]) -> rusqlite::Result<()> {
    let earned: u64 = postings.iter().map(|(_, earned, _)| earned).sum();
    let spent: u64 = postings.iter().map(|(_, _, spent)| spent).sum();
    let rest = (HOUSE.to_owned(), spent.saturating_sub(earned), earned.saturating_sub(spent));
    let mut statement = tx.prepare_cached(
        "INSERT INTO balance (account, earned, spent) VALUES (?1, ?2, ?3)
         ON CONFLICT (account) DO UPDATE SET
            earned = earned + excluded.earned, spent = spent + excluded.spent",
    )?;
    for (account, earned, spent) in postings.iter().chain([&rest]) {
        if *earned > 0 || *spent > 0 {
            statement.execute(params![account, earned, spent])?;
        }
    }
    Ok(())
}

/// What each end did, today and for this content.
fn remember(
    tx: &Connection,
    receipt: &Receipt,
    (contributor, consumer): (&Party, &Party),
    (news, split): (&News, &Split),
    now: u64,
) -> rusqlite::Result<()> {
    let today = day::of(now);
    let (giver, getter) = (receipt.contributor.digits(), receipt.consumer.digits());
    if let Some(user) = &contributor.user {
        // Whoever gave much on a day is the more to be believed.
        let before = day::credited(tx, user, today)?;
        if before < GIVEN_WELL && before + split.contributor >= GIVEN_WELL {
            distribution::repute(tx, &giver, 1)?;
        }
    }
    day::add(tx, &giver, today, Sum::Given, news.bytes)?;
    day::add(tx, &giver, today, Sum::Rejected, news.rejected)?;
    day::add(tx, &giver, today, Sum::Credited, split.contributor)?;
    if contributor.is_cache {
        day::add(tx, &giver, today, Sum::Cached, news.bytes)?;
    }
    day::add(tx, &getter, today, Sum::Got, news.bytes)?;
    if let Some(via) = &receipt.via {
        day::add(tx, &via.digits(), today, Sum::Relayed, news.bytes)?;
        day::add(tx, &via.digits(), today, Sum::Credited, split.relay)?;
    }
    if let (Some(giver), Some(getter)) = (&contributor.user, &consumer.user) {
        tx.prepare_cached(
            "INSERT INTO pair_day VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET credited = credited + excluded.credited",
        )?
        .execute(params![today, giver.as_str(), getter.as_str(), split.contributor])?;
    }
    distribution::receipted(tx, receipt, (news.bytes, news.rejected), now)
}
