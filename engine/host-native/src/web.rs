//! Exchanges with servers: one connection each, given up as soon as nobody waits for it.

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONNECTION, HOST, HeaderName, HeaderValue};
use hyper::{Request, Response, client::conn::http1};
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};
use tourbillon_host::{HttpFailure, HttpRequest, HttpResponse};

type Cause = Box<dyn Error + Send + Sync>;

/// Why an exchange failed, and what is behind it.
pub(crate) struct WebError {
    pub(crate) failure: HttpFailure,
    pub(crate) cause: Option<Cause>,
}

/// What comes of an exchange.
pub(crate) type WebResult = Result<HttpResponse, WebError>;

/// What all exchanges of a host share.
#[derive(Clone)]
pub(crate) struct WebClient {
    body_limit: u64,
    /// Certificates that are trusted besides those of the system.
    trusted: Arc<Vec<Vec<u8>>>,
    /// How connections are secured; read from the system when the first one has to be.
    tls: Arc<OnceLock<Result<Arc<ClientConfig>, String>>>,
}

/// By when the parts of an exchange must be done; `None` for no limit.
#[derive(Clone, Copy)]
pub(crate) struct Deadlines {
    pub(crate) connect: Option<Instant>,
    pub(crate) whole: Option<Instant>,
}

fn because(failure: HttpFailure, cause: impl Into<Cause>) -> WebError {
    WebError {
        failure,
        cause: Some(cause.into()),
    }
}

impl From<HttpFailure> for WebError {
    fn from(failure: HttpFailure) -> WebError {
        WebError {
            failure,
            cause: None,
        }
    }
}

impl WebClient {
    /// A client that takes answers of at most so many bytes.
    pub(crate) fn new(body_limit: u64, trusted: Vec<Vec<u8>>) -> WebClient {
        WebClient {
            body_limit,
            trusted: Arc::new(trusted),
            tls: Arc::default(),
        }
    }

    /// Asks a server and waits for its whole answer.
    pub(crate) async fn exchange(self, request: HttpRequest, deadlines: Deadlines) -> WebResult {
        let Deadlines { connect, whole } = deadlines;
        let all = async {
            let address = &request.address;
            let connecting = TcpStream::connect((address.host(), address.port()));
            let connected = async {
                let tcp = connecting
                    .await
                    .map_err(|error| because(HttpFailure::ConnectFailed, error))?;
                // Requests are small, and nothing follows that could be sent along.
                let _of_no_use = tcp.set_nodelay(true);
                Ok::<Connection, WebError>(match address.is_secure() {
                    false => Connection::Plain(tcp),
                    true => Connection::Secure(Box::new(self.secured(address.host(), tcp).await?)),
                })
            };
            let connection = match within(connect, connected).await {
                Some(connection) => connection?,
                None => return Err(HttpFailure::ConnectTimeout.into()),
            };
            let outgoing = outgoing(&request)?;
            match connection {
                Connection::Plain(stream) => self.talk(stream, outgoing).await,
                Connection::Secure(stream) => self.talk(*stream, outgoing).await,
            }
        };
        match within(whole, all).await {
            Some(result) => result,
            None => Err(HttpFailure::Timeout.into()),
        }
    }

    async fn secured(&self, host: &str, tcp: TcpStream) -> Result<Secured, WebError> {
        let failed = |cause: Cause| because(HttpFailure::ConnectFailed, cause);
        let (tls, trusted) = (Arc::clone(&self.tls), Arc::clone(&self.trusted));
        let secured = move || tls.get_or_init(|| secure(&trusted)).clone();
        let config = tokio::task::spawn_blocking(secured)
            .await
            .map_err(|error| failed(error.into()))?
            .map_err(|error| failed(error.into()))?;
        let name = ServerName::try_from(host.to_owned()).map_err(|error| failed(error.into()))?;
        TlsConnector::from(config)
            .connect(name, tcp)
            .await
            .map_err(|error| failed(error.into()))
    }

    /// Sends a request over a connection and reads the answer.
    async fn talk(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        request: Request<Full<Bytes>>,
    ) -> WebResult {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(broken)?;
        let answer = async {
            let response = sender.send_request(request).await.map_err(broken)?;
            self.whole(response).await
        };
        let (mut answer, mut connection) = (pin!(answer), pin!(connection));
        let mut is_open = true;
        // The connection moves the bytes; what becomes of it reaches the answer.
        poll_fn(|context| {
            if is_open && connection.as_mut().poll(context).is_ready() {
                is_open = false;
            }
            answer.as_mut().poll(context)
        })
        .await
    }

    async fn whole(&self, response: Response<Incoming>) -> WebResult {
        let (head, mut body) = response.into_parts();
        if body.size_hint().lower() > self.body_limit {
            return Err(HttpFailure::TooLong.into());
        }
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(broken)?.into_data() else {
                continue;
            };
            if (bytes.len() + data.len()) as u64 > self.body_limit {
                return Err(HttpFailure::TooLong.into());
            }
            bytes.extend_from_slice(&data);
        }
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = head.headers.iter();
        Ok(HttpResponse {
            status: head.status.as_u16(),
            headers: headers
                .map(|(name, value)| (name.as_str().to_owned(), text(value)))
                .collect(),
            body: bytes,
        })
    }
}

type Secured = tokio_rustls::client::TlsStream<TcpStream>;

enum Connection {
    Plain(TcpStream),
    Secure(Box<Secured>),
}

/// Security by the certificates that the system trusts, and those given besides.
fn secure(trusted: &[Vec<u8>]) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    for certificate in trusted {
        roots
            .add(certificate.clone().into())
            .map_err(|error| error.to_string())?;
    }
    if roots.is_empty() {
        let errors: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        return Err(format!(
            "the system has no certificates to trust: {}",
            errors.join("; ")
        ));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// The request as the client wants it.
fn outgoing(request: &HttpRequest) -> Result<Request<Full<Bytes>>, WebError> {
    let malformed = |cause: Cause| because(HttpFailure::Malformed, cause);
    let mut outgoing = Request::builder()
        .method(request.method.name())
        .uri(request.address.path_and_query())
        .header(HOST, request.address.authority())
        .header(CONNECTION, "close")
        .body(Full::new(Bytes::from(request.body.clone())))
        .map_err(|error| malformed(error.into()))?;
    for (name, value) in &request.headers {
        let name = HeaderName::try_from(name.as_str()).map_err(|error| malformed(error.into()))?;
        let value =
            HeaderValue::from_bytes(value.as_bytes()).map_err(|error| malformed(error.into()))?;
        outgoing.headers_mut().append(name, value);
    }
    Ok(outgoing)
}

/// What an error of the protocol is to the program.
fn broken(error: hyper::Error) -> WebError {
    if error.is_parse() {
        because(HttpFailure::Malformed, error)
    } else {
        because(HttpFailure::Reset, error)
    }
}

/// What comes of a future until then.
async fn within<F: Future>(deadline: Option<Instant>, future: F) -> Option<F::Output> {
    match deadline {
        Some(deadline) => timeout_at(deadline, future).await.ok(),
        None => Some(future.await),
    }
}
