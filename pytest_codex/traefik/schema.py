"""Which fields labels may have, and of which types.

A label with a field that is not here makes Traefik drop its whole container, and so does a value
that is not of the field's type; hence the table is complete. It is that of Traefik 3.7; what an
older version does not have, it refuses.

Source: Traefik documentation, "Docker provider", "Labels".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Scalar(Enum):
    """The type of a value without parts; the names are Go's."""

    STRING = "string"
    STRINGS = "list of strings"
    BOOL = "bool"
    INT = "int"
    INT64 = "int64"
    DURATION = "duration"


@dataclass(frozen=True, slots=True)
class Struct:
    """Fields, by name.

    :param may_be_bare: whether ``name`` or ``name=true`` alone means one with its defaults; any
        other value takes it away, with all its fields.
    :param many: whether it is a list, whose items are written ``name[0]``.
    :param kept: fields in which a zero, a ``false`` or an empty text is something else than
        nothing.
    :param defaults: the values of fields that are not set.
    """

    fields: Mapping[str, Type]
    may_be_bare: bool = False
    many: bool = False
    kept: frozenset[str] = frozenset()
    defaults: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Map:
    """Names that are free, each with a value of one type."""

    values: Type


@dataclass(frozen=True, slots=True)
class Ignored:
    """A field that no label can set: it is read, checked for unknown names, and left out."""

    type: Type


@dataclass(frozen=True, slots=True)
class Anything:
    """Whatever a plugin makes of it."""


Type = Scalar | Struct | Map | Ignored | Anything

_S, _L, _B = Scalar.STRING, Scalar.STRINGS, Scalar.BOOL
_I, _I64, _D = Scalar.INT, Scalar.INT64, Scalar.DURATION


def _struct(
    text: str = "",
    *,
    bare: bool = False,
    many: bool = False,
    defaults: Mapping[str, object] | None = None,
    **fields: Type,
) -> Struct:
    """A struct from ``"Name:type …"``, with a star where a zero is kept, and further fields."""
    types = {"s": _S, "l": _L, "b": _B, "i": _I, "i64": _I64, "d": _D}
    simple = {
        name: types[kind.rstrip("*")]
        for name, _, kind in (item.partition(":") for item in text.split())
    }
    kept = frozenset(item.partition(":")[0] for item in text.split() if item.endswith("*"))
    return Struct({**simple, **fields}, bare, many, kept, defaults or {})


_DOMAIN = "Main:s SANs:l"
_CLIENT_TLS = "CA:s Cert:s Key:s InsecureSkipVerify:b"
_CHARACTERS = (
    "AllowEncodedSlash:b AllowEncodedBackSlash:b AllowEncodedNullCharacter:b "
    "AllowEncodedSemicolon:b AllowEncodedPercent:b AllowEncodedQuestionMark:b AllowEncodedHash:b"
)

ROUTER = _struct(
    "EntryPoints:l Middlewares:l Service:s Rule:s RuleSyntax:s Priority:i",
    TLS=_struct(
        "Options:s CertResolver:s",
        bare=True,
        Domains=_struct(_DOMAIN, many=True),
        ResolvedOptions=Ignored(_S),
        ConflictingOptions=Ignored(_B),
    ),
    Observability=_struct(
        "AccessLogs:b* Metrics:b* Tracing:b* TraceVerbosity:s",
        Metadata=Ignored(_struct(Ingress=Ignored(_struct("Namespace:s Name:s Kind:s")))),
    ),
    ParentRefs=Ignored(_L),
    DefaultRule=Ignored(_B),
    DeniedEncodedPathCharacters=Ignored(_struct(_CHARACTERS)),
)

_COOKIE = _struct(
    "Name:s Secure:b HTTPOnly:b SameSite:s MaxAge:i Path:s* Domain:s",
    bare=True,
    Expires=Ignored(_I),
    PreserveLeadingDot=Ignored(_B),
)
_WEIGHTED_SERVICE = _struct(
    "Name:s Weight:i",
    many=True,
    Headers=Ignored(Map(_S)),
    Status=Ignored(_I),
    GRPCStatus=Ignored(_struct("Code:i Msg:s")),
)
_BARE = _struct(bare=True)

#: What a service that is declared by no label has.
LOAD_BALANCER = _struct(
    "Strategy:s PassHostHeader:b* ServersTransport:s",
    defaults={"Strategy": "wrr", "PassHostHeader": True},
    Sticky=_struct(bare=True, Cookie=_COOKIE),
    Server=_struct("URL:s Weight:i* PreservePath:b Scheme:s Port:s", Fenced=Ignored(_B)),
    HealthCheck=_struct(
        "Scheme:s Mode:s Path:s Method:s Status:i Port:i Interval:d UnhealthyInterval:d* "
        "Timeout:d Hostname:s FollowRedirects:b*",
        Headers=Map(_S),
    ),
    PassiveHealthCheck=_struct("FailureWindow:d MaxFailedAttempts:i"),
    ResponseForwarding=_struct("FlushInterval:d"),
    NginxUpstreamHashBy=Ignored(_S),
)

SERVICE = _struct(
    "Middlewares:l",
    LoadBalancer=LOAD_BALANCER,
    HighestRandomWeight=Ignored(
        _struct(Services=_struct("Name:s Weight:i", many=True), HealthCheck=_BARE)
    ),
    Weighted=Ignored(
        _struct(Services=_WEIGHTED_SERVICE, Sticky=_struct(Cookie=_COOKIE), HealthCheck=_BARE)
    ),
    Mirroring=Ignored(
        _struct(
            "Service:s MirrorBody:b MaxBodySize:i64*",
            Mirrors=_struct("Name:s Percent:i", many=True),
            HealthCheck=_BARE,
        )
    ),
    Failover=Ignored(
        _struct(
            "Service:s Fallback:s",
            HealthCheck=_BARE,
            Errors=_struct("MaxRequestBodyBytes:i64 Status:l"),
        )
    ),
    Observability=Ignored(
        _struct(Metadata=Ignored(_struct(Kubernetes=_struct("Namespace:s Name:s Port:s"))))
    ),
)

_STRATEGY = "Depth:i ExcludedIPs:l IPv6Subnet:i*"
_CRITERION = _struct("RequestHeaderName:s RequestHost:b", IPStrategy=_struct(_STRATEGY))
_SUBJECT = (
    "Country:b Province:b Locality:b Organization:b CommonName:b SerialNumber:b DomainComponent:b"
)
_MODIFIER = Ignored(_struct("Remove:l", Set=Map(_S), Add=Map(_S)))

#: The types of middleware that labels can make.
MIDDLEWARES: Mapping[str, Type] = {
    "AddPrefix": _struct("Prefix:s"),
    "StripPrefix": _struct("Prefixes:l ForceSlash:b*"),
    "StripPrefixRegex": _struct("Regex:l"),
    "ReplacePath": _struct("Path:s"),
    "ReplacePathRegex": _struct("Regex:s Replacement:s"),
    "Chain": _struct("Middlewares:l"),
    "IPWhiteList": _struct("SourceRange:l", IPStrategy=_struct(_STRATEGY, bare=True)),
    "IPAllowList": _struct(
        "SourceRange:l RejectStatusCode:i", IPStrategy=_struct(_STRATEGY, bare=True)
    ),
    "Headers": _struct(
        "AccessControlAllowCredentials:b AccessControlAllowHeaders:l AccessControlAllowMethods:l "
        "AccessControlAllowOriginList:l AccessControlAllowOriginListRegex:l "
        "AccessControlExposeHeaders:l AccessControlMaxAge:i64* AddVaryHeader:b AllowedHosts:l "
        "HostsProxyHeaders:l STSSeconds:i64* STSIncludeSubdomains:b STSPreload:b ForceSTSHeader:b "
        "FrameDeny:b CustomFrameOptionsValue:s ContentTypeNosniff:b BrowserXSSFilter:b "
        "CustomBrowserXSSValue:s ContentSecurityPolicy:s ContentSecurityPolicyReportOnly:s "
        "PublicKey:s ReferrerPolicy:s PermissionsPolicy:s IsDevelopment:b FeaturePolicy:s* "
        "SSLRedirect:b* SSLTemporaryRedirect:b* SSLHost:s* SSLForceHost:b*",
        CustomRequestHeaders=Map(_S),
        CustomResponseHeaders=Map(_S),
        SSLProxyHeaders=Map(_S),
    ),
    "EncodedCharacters": _struct(_CHARACTERS),
    "Errors": _struct(
        "Status:l Service:s Query:s ErrorRequestHeaders:l",
        StatusRewrites=Map(_I),
    ),
    "RateLimit": _struct(
        "Average:i64 Period:d Burst:i64",
        defaults={"Period": 1.0, "Burst": 1},
        SourceCriterion=_CRITERION,
        Redis=_struct(
            "Endpoints:l Username:s Password:s DB:i PoolSize:i MinIdleConns:i MaxActiveConns:i "
            "ReadTimeout:d* WriteTimeout:d* DialTimeout:d*",
            TLS=_struct(_CLIENT_TLS),
        ),
    ),
    "RedirectRegex": _struct("Regex:s Replacement:s Permanent:b", StatusCode=Ignored(_I)),
    "RedirectScheme": _struct("Scheme:s Port:s Permanent:b", ForcePermanentRedirect=Ignored(_B)),
    "BasicAuth": _struct("Users:l UsersFile:s Realm:s RemoveHeader:b HeaderField:s"),
    "DigestAuth": _struct("Users:l UsersFile:s RemoveHeader:b Realm:s HeaderField:s"),
    "ForwardAuth": _struct(
        "Address:s TrustForwardHeader:b* AuthResponseHeaders:l AuthResponseHeadersRegex:s "
        "AuthRequestHeaders:l MaxResponseBodySize:i64* AddAuthCookiesToResponse:l HeaderField:s "
        "ForwardBody:b MaxBodySize:i64* PreserveLocationHeader:b PreserveRequestMethod:b "
        "AuthSigninURL:s",
        defaults={"MaxBodySize": -1},
        TLS=_struct(_CLIENT_TLS + " CAOptional:b*"),
    ),
    "InFlightReq": _struct("Amount:i64", SourceCriterion=_CRITERION),
    "Buffering": _struct(
        "MaxRequestBodyBytes:i64 MemRequestBodyBytes:i64 MaxResponseBodyBytes:i64 "
        "MemResponseBodyBytes:i64 RetryExpression:s",
        DisableRequestBuffer=Ignored(_B),
        DisableResponseBuffer=Ignored(_B),
    ),
    "CircuitBreaker": _struct(
        "Expression:s CheckPeriod:d FallbackDuration:d RecoveryDuration:d ResponseCode:i",
        defaults={
            "CheckPeriod": 0.1,
            "FallbackDuration": 10.0,
            "RecoveryDuration": 10.0,
            "ResponseCode": 503,
        },
    ),
    "Compress": _struct(
        "ExcludedContentTypes:l IncludedContentTypes:l MinResponseBodyBytes:i Encodings:l "
        "DefaultEncoding:s",
        bare=True,
        defaults={"Encodings": ("gzip", "br", "zstd")},
    ),
    "PassTLSClientCert": _struct(
        "PEM:b",
        Info=_struct(
            "NotAfter:b NotBefore:b Sans:b SerialNumber:b",
            Subject=_struct(_SUBJECT + " OrganizationalUnit:b"),
            Issuer=_struct(_SUBJECT),
        ),
    ),
    "Retry": _struct(
        "Attempts:i Timeout:d InitialInterval:d MaxRequestBodyBytes:i64* Status:l "
        "DisableRetryOnNetworkError:b RetryNonIdempotentMethod:b",
        defaults={"MaxRequestBodyBytes": 2097152},
    ),
    "ContentType": _struct("AutoDetect:b*", bare=True),
    "GrpcWeb": _struct("AllowOrigins:l"),
    "Plugin": Map(Anything()),
    "RequestHeaderModifier": _MODIFIER,
    "ResponseHeaderModifier": _MODIFIER,
    "RequestRedirect": Ignored(
        _struct("Scheme:s Hostname:s Port:s Path:s PathPrefix:s StatusCode:i")
    ),
    "URLRewrite": Ignored(_struct("Hostname:s Path:s PathPrefix:s")),
    "AuthTLSPassCertificateToUpstream": Ignored(_struct("ClientAuthType:s CAFiles:l")),
    "Snippet": Ignored(
        _struct(
            "ServerSnippet:s ConfigurationSnippet:s",
            Auth=_struct("Address:s Method:s Snippet:s AuthResponseHeaders:l AuthSigninURL:s"),
        )
    ),
    "RewriteTarget": Ignored(_struct("Regex:s Replacement:s XForwardedPrefix:s")),
    "UpstreamVHost": Ignored(_struct("VHost:s", Vars=Map(_S))),
    "AppRoot": Ignored(_struct("Path:s")),
}

_TRANSPORT_TLS = "ServerName:s InsecureSkipVerify:b RootCAs:l PeerCertURI:s"
_CERTIFICATES = _struct("CertFile:s KeyFile:s", many=True)
_SPIFFE = _struct("IDs:l TrustDomain:s", bare=True)
_PROXY_PROTOCOL = _struct("Version:i", bare=True)

_HTTP = _struct(
    Routers=Map(ROUTER),
    Services=Map(SERVICE),
    Middlewares=Map(Struct(MIDDLEWARES)),
    Models=Map(
        _struct(
            "Middlewares:l",
            TLS=ROUTER.fields["TLS"],
            Observability=ROUTER.fields["Observability"],
            DeniedEncodedPathCharacters=Ignored(_struct(_CHARACTERS)),
            DefaultRuleSyntax=Ignored(_S),
        )
    ),
    ServersTransports=Ignored(
        Map(
            _struct(
                _TRANSPORT_TLS + " CipherSuites:l MinVersion:s MaxVersion:s MaxIdleConnsPerHost:i "
                "DisableHTTP2:b",
                Certificates=_CERTIFICATES,
                ForwardingTimeouts=_struct(
                    "DialTimeout:d* ResponseHeaderTimeout:d IdleConnTimeout:d ReadIdleTimeout:d "
                    "PingTimeout:d ReadTimeout:d* WriteTimeout:d*"
                ),
                Spiffe=_SPIFFE,
            )
        )
    ),
)
_TCP = _struct(
    Routers=Map(
        _struct(
            "EntryPoints:l Middlewares:l Service:s Rule:s RuleSyntax:s Priority:i",
            TLS=_struct(
                "Passthrough:b Options:s CertResolver:s",
                bare=True,
                Domains=_struct(_DOMAIN, many=True),
            ),
        )
    ),
    Services=Map(
        _struct(
            LoadBalancer=_struct(
                "ServersTransport:s TerminationDelay:i",
                Server=_struct("Port:s TLS:b", Address=Ignored(_S)),
                ProxyProtocol=_PROXY_PROTOCOL,
                HealthCheck=_struct(
                    "Port:i Send:s Expect:s Interval:d UnhealthyInterval:d* Timeout:d", bare=True
                ),
            ),
            Weighted=Ignored(
                _struct(Services=_struct("Name:s Weight:i", many=True), HealthCheck=_BARE)
            ),
        )
    ),
    Middlewares=Map(
        _struct(
            InFlightConn=_struct("Amount:i64"),
            IPWhiteList=_struct("SourceRange:l"),
            IPAllowList=_struct("SourceRange:l"),
        )
    ),
    Models=Ignored(Map(_struct(DefaultRuleSyntax=Ignored(_S)))),
    ServersTransports=Ignored(
        Map(
            _struct(
                "DialKeepAlive:d DialTimeout:d* TerminationDelay:d",
                ProxyProtocol=_PROXY_PROTOCOL,
                TLS=_struct(_TRANSPORT_TLS, bare=True, Certificates=_CERTIFICATES, Spiffe=_SPIFFE),
            )
        )
    ),
)
_UDP = _struct(
    Routers=Map(_struct("EntryPoints:l Service:s")),
    Services=Map(
        _struct(
            LoadBalancer=_struct(Server=_struct("Port:s", Address=Ignored(_S))),
            Weighted=Ignored(_struct(Services=_struct("Name:s Weight:i", many=True))),
        )
    ),
)
_STORE = _struct(
    DefaultCertificate=Ignored(_struct("CertFile:s KeyFile:s")),
    DefaultGeneratedCert=_struct("Resolver:s", Domain=_struct(_DOMAIN)),
)

#: What labels under the prefixes :data:`CONFIGURATION_PREFIXES` make.
CONFIGURATION = _struct(HTTP=_HTTP, TCP=_TCP, UDP=_UDP, TLS=_struct(Stores=Map(_STORE)))
CONFIGURATION_PREFIXES = (
    "traefik.http", "traefik.tcp", "traefik.udp", "traefik.tls.stores.default",
)  # fmt: skip

#: What labels under the prefixes :data:`CONTAINER_PREFIXES` say of the container itself.
CONTAINER = _struct(
    "Enable:b",
    Docker=_struct("Network:s LBSwarm:b AllowNonRunning:b"),
    Swarm=_struct("Network:s LBSwarm:b"),
)
CONTAINER_PREFIXES = ("traefik.docker.", "traefik.enable")
