//! The other end is rustls itself, from the handshake to the last record.

use std::io::{self, Write};
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::{
    ClientConfig, RootCertStore, ServerConfig, SupportedCipherSuite, version::TLS13,
};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use crate::wire::Carrier;
use crate::wire::met::halves;

/// What one says to the other, 300,007 bytes: records of all lengths, and more than one buffer.
fn speech() -> Vec<u8> {
    (0..300_007_u32).map(|at| (at * 7 % 251) as u8).collect()
}

struct Ends {
    dial: Arc<ClientConfig>,
    accept: Arc<ServerConfig>,
}

impl Ends {
    fn new(suite: SupportedCipherSuite) -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["peer.invalid".to_owned()]).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let provider = aws_lc_rs::default_provider();
        let provider = Arc::new(CryptoProvider { cipher_suites: vec![suite], ..provider });
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).unwrap();
        let mut dial = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut accept = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        accept.send_tls13_tickets = 0;
        (dial.enable_secret_extraction, accept.enable_secret_extraction) = (true, true);
        Self { dial: Arc::new(dial), accept: Arc::new(accept) }
    }

    async fn dial<S>(&self, stream: S) -> TlsStream<S>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from("peer.invalid").unwrap();
        let connector = TlsConnector::from(Arc::clone(&self.dial));
        connector.connect(name, stream).await.unwrap().into()
    }

    async fn accept<S>(&self, stream: S) -> TlsStream<S>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        TlsAcceptor::from(Arc::clone(&self.accept)).accept(stream).await.unwrap().into()
    }
}

/// Who dialled and who was dialled.
async fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let (dialled, accepted) = tokio::join!(TcpStream::connect(at), listener.accept());
    (dialled.unwrap(), accepted.unwrap().0)
}

/// rustls says the speech at once, in records as it likes them, and hears it in return.
async fn rustls_end(mut stream: TlsStream<TcpStream>) {
    stream.write_all(&speech()).await.unwrap();
    stream.flush().await.unwrap();
    let mut heard = Vec::new();
    // An end without a close_notify would be an error.
    stream.read_to_end(&mut heard).await.unwrap();
    assert!(heard == speech());
    stream.shutdown().await.unwrap();
}

/// We hear it, and say it in pieces of all lengths.
async fn our_end(stream: TlsStream<Carrier>) {
    let (mut incoming, mut outgoing, mut heard) = halves(stream).unwrap();
    while heard.len() < speech().len() {
        assert!(incoming.read(&mut heard).await.unwrap() > 0);
    }
    assert!(*heard == speech());
    let speech = speech();
    let (mut rest, mut length) = (&*speech, 1);
    while !rest.is_empty() {
        let (piece, later) = rest.split_at(rest.len().min(length));
        outgoing.seal(piece).unwrap();
        (rest, length) = (later, length * 3 % 70_001);
    }
    outgoing.flush().await.unwrap();
    outgoing.shutdown().await.unwrap();
    assert_eq!(incoming.read(&mut heard).await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_said_to_rustls_and_by_it_arrives_with_each_cipher() {
    assert_eq!(aws_lc_rs::DEFAULT_CIPHER_SUITES.iter().filter_map(|s| s.tls13()).count(), 3);
    for suite in aws_lc_rs::DEFAULT_CIPHER_SUITES.iter().filter(|suite| suite.tls13().is_some()) {
        let ends = Ends::new(*suite);
        let (near, far) = connection().await;
        let dialled = async { our_end(ends.dial(Carrier::new(near)).await).await };
        let accepted = async { rustls_end(ends.accept(far).await).await };
        tokio::join!(dialled, accepted);
        let (near, far) = connection().await;
        let dialled = async { rustls_end(ends.dial(near).await).await };
        let accepted = async { our_end(ends.accept(Carrier::new(far)).await).await };
        tokio::join!(dialled, accepted);
    }
}

#[tokio::test]
async fn what_was_changed_on_its_way_is_refused_and_so_is_what_is_cut_off() {
    let ends = Ends::new(aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256);
    for damage in [false, true] {
        let (near, far) = connection().await;
        let (near, mut far) = tokio::join!(ends.dial(Carrier::new(near)), ends.accept(far));
        let (mut incoming, _outgoing, mut heard) = halves(near).unwrap();
        far.write_all(&[7; 1000]).await.unwrap();
        far.flush().await.unwrap();
        assert_eq!(incoming.read(&mut heard).await.unwrap(), 1000);
        let TlsStream::Server(mut far) = far else { panic!("it was dialled") };
        if damage {
            let (stream, session) = far.get_mut();
            let mut record = Vec::new();
            session.writer().write_all(&[8; 1000]).unwrap();
            session.write_tls(&mut record).unwrap();
            record[500] ^= 1;
            stream.write_all(&record).await.unwrap();
        }
        drop(far);
        let error = incoming.read(&mut heard).await.unwrap_err();
        let expected =
            if damage { io::ErrorKind::InvalidData } else { io::ErrorKind::UnexpectedEof };
        assert_eq!((error.kind(), &*heard), (expected, &[7; 1000][..]));
    }
}
