//! Messages of the kernel's `nfnetlink_queue` (linux/netfilter/nfnetlink_queue.h).

/// NFNL_SUBSYS_QUEUE, as the upper byte of a message's type.
const SUBSYSTEM: u16 = 3 << 8;
const PACKET: u16 = SUBSYSTEM;
const CONFIG: u16 = SUBSYSTEM | 2;
const VERDICT_BATCH: u16 = SUBSYSTEM | 3;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
/// `struct nlmsghdr` and `struct nfgenmsg`.
const HEADER: usize = 20;
const NFQA_CFG_CMD: u16 = 1;
const NFQA_CFG_PARAMS: u16 = 2;
const NFQA_CFG_QUEUE_MAXLEN: u16 = 3;
const NFQA_CFG_MASK: u16 = 4;
const NFQA_CFG_FLAGS: u16 = 5;
const NFQNL_CFG_CMD_BIND: u8 = 1;
const NFQNL_COPY_META: u8 = 1;
/// Packets that the kernel merged stay so.
const NFQA_CFG_F_GSO: u32 = 4;
const NFQA_VERDICT_HDR: u16 = 2;
const NFQA_PACKET_HDR: u16 = 1;
const NF_ACCEPT: u32 = 1;
/// Packets that wait in one queue at most.
const MAX_WAITING: u32 = 1 << 16;

/// This queue's packets are for the socket that says so.
pub(crate) fn bind(queue: u16) -> Vec<u8> {
    let attribute = (NFQA_CFG_CMD, &[NFQNL_CFG_CMD_BIND, 0, 0, 2][..]);
    message(CONFIG, NLM_F_ACK, queue, &[attribute])
}

/// Packets stay in the kernel, only their numbers come; as many as that may wait.
pub(crate) fn only_numbers(queue: u16) -> Vec<u8> {
    let flags = NFQA_CFG_F_GSO.to_be_bytes();
    let attributes = [
        (NFQA_CFG_PARAMS, &[0, 0, 0, 0, NFQNL_COPY_META][..]),
        (NFQA_CFG_QUEUE_MAXLEN, &MAX_WAITING.to_be_bytes()[..]),
        (NFQA_CFG_MASK, &flags[..]),
        (NFQA_CFG_FLAGS, &flags[..]),
    ];
    message(CONFIG, NLM_F_ACK, queue, &attributes)
}

/// All packets of a queue up to this one may go.
pub(crate) fn accept_up_to(queue: u16, packet: u32) -> Vec<u8> {
    let verdict = [NF_ACCEPT.to_be_bytes(), packet.to_be_bytes()].concat();
    message(VERDICT_BATCH, 0, queue, &[(NFQA_VERDICT_HDR, &verdict)])
}

/// The error number of an acknowledgement; 0: done.
pub(crate) fn acknowledged(answer: &[u8]) -> Option<i32> {
    Some(i32::from_ne_bytes(answer.get(16..20)?.try_into().ok()?))
}

/// Queue and number of each packet in what the kernel sent at once.
pub(crate) fn packets(mut bytes: &[u8]) -> Vec<(u16, u32)> {
    let mut found = Vec::new();
    while let Some((kind, message, rest)) = next(bytes) {
        bytes = rest;
        let queue = message.get(18..20).and_then(|two| two.try_into().ok());
        if let (PACKET, Some(queue)) = (kind, queue) {
            let number = packet_number(&message[HEADER..]);
            found.extend(number.map(|number| (u16::from_be_bytes(queue), number)));
        }
    }
    found
}

/// Type and bytes of the first message, and what follows it.
fn next(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = u32::from_ne_bytes(bytes.get(0..4)?.try_into().ok()?) as usize;
    let kind = u16::from_ne_bytes(bytes.get(4..6)?.try_into().ok()?);
    let message = bytes.get(..length).filter(|message| message.len() >= HEADER)?;
    Some((kind, message, bytes.get(length.next_multiple_of(4)..).unwrap_or_default()))
}

fn packet_number(mut attributes: &[u8]) -> Option<u32> {
    loop {
        let length = usize::from(u16::from_ne_bytes(attributes.get(0..2)?.try_into().ok()?));
        let kind = u16::from_ne_bytes(attributes.get(2..4)?.try_into().ok()?);
        // The two upper bits are flags.
        if kind & 0x3fff == NFQA_PACKET_HDR {
            return Some(u32::from_be_bytes(attributes.get(4..8)?.try_into().ok()?));
        }
        attributes = attributes.get(length.max(4).next_multiple_of(4)..)?;
    }
}

fn message(kind: u16, flags: u16, queue: u16, attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; HEADER];
    bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
    bytes[6..8].copy_from_slice(&(NLM_F_REQUEST | flags).to_ne_bytes());
    bytes[18..20].copy_from_slice(&queue.to_be_bytes());
    for (name, value) in attributes {
        bytes.extend_from_slice(&(value.len() as u16 + 4).to_ne_bytes());
        bytes.extend_from_slice(&name.to_ne_bytes());
        bytes.extend_from_slice(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    let length = bytes.len() as u32;
    bytes[0..4].copy_from_slice(&length.to_ne_bytes());
    bytes
}
