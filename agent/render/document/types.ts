/** A rendering document as its schema describes it (docs/contract/rendering.schema.json): names are those on the wire. */

/** Absent and null mean the same, everywhere (docs/contract/rendering.md, 1.1). */
type Optional<T> = T | null | undefined;

export type DocumentKind = "haproxy" | "keepalived-vrrp" | "keepalived-lvs";

export interface RenderingDocument {
  readonly format: "octavia-amphora-rendering";
  readonly format_version: 1;
  readonly kind: DocumentKind;
  readonly amphora_id?: Optional<string>;
  readonly listener_id?: Optional<string>;
  readonly topology?: Optional<"SINGLE" | "ACTIVE_STANDBY" | "ACTIVE_ACTIVE">;
  readonly amphorae?: Optional<readonly Amphora[]>;
  readonly haproxy?: Optional<Haproxy>;
  readonly host?: Optional<Host>;
  readonly certificates?: Optional<Certificates>;
  readonly vrrp?: Optional<Vrrp>;
  readonly settings?: Optional<Settings>;
  readonly loadbalancer: LoadBalancer;
}

export interface Amphora {
  readonly id: string;
  readonly status?: Optional<string>;
  readonly vrrp_ip?: Optional<string>;
  readonly vrrp_interface?: Optional<string>;
  readonly vrrp_id?: Optional<number>;
  readonly vrrp_priority?: Optional<number>;
}

/** The HAProxy that will load the text; at least one of `version` and `features` is given. */
export interface Haproxy {
  readonly version?: Optional<string>;
  readonly features?: Optional<Readonly<Partial<Record<FeatureName, boolean | null>>>>;
  readonly stats_socket?: Optional<string>;
  readonly log_http?: Optional<string>;
  readonly log_server?: Optional<string>;
}

export type FeatureName = "http_reuse" | "server_state_file" | "pool_alpn" | "prometheus" | "insecure_fork";

export interface Host {
  /** Separated by white space. */
  readonly active_tuned_profiles?: Optional<string>;
  readonly cpu_count?: Optional<number>;
  /** Kilobytes. */
  readonly memory?: Optional<{
    readonly free?: Optional<number>;
    readonly buffers?: Optional<number>;
    readonly cached?: Optional<number>;
  }>;
}

/** Paths of files on the amphora, by the id of the listener or pool. */
export interface Certificates {
  readonly listeners?: Optional<Readonly<Record<string, ListenerFiles>>>;
  readonly pools?: Optional<Readonly<Record<string, PoolFiles>>>;
}

export interface ListenerFiles {
  readonly crt_list?: Optional<string>;
  readonly client_ca?: Optional<string>;
  readonly client_crl?: Optional<string>;
}

export interface PoolFiles {
  readonly client_cert?: Optional<string>;
  readonly ca_cert?: Optional<string>;
  readonly crl?: Optional<string>;
}

export interface Vrrp {
  readonly group: {
    readonly vrrp_group_name: string;
    readonly vrrp_auth_type: string;
    readonly vrrp_auth_pass: string;
    readonly advert_int: number | string;
  };
  readonly vip_subnet: Subnet;
  readonly additional_vip_data?: Optional<
    readonly { readonly ip_address: string; readonly subnet: Subnet }[]
  >;
}

export interface Subnet {
  readonly cidr: string;
  readonly gateway_ip?: Optional<string>;
  readonly host_routes?: Optional<readonly HostRoute[]>;
}

export interface HostRoute {
  readonly destination: string;
  readonly nexthop: string;
}

/** Configuration of the controller; the schema allows no null here. */
export interface Settings {
  readonly base_path?: string;
  readonly connection_logging?: boolean;
  readonly user_log_format?: string;
  readonly user_log_facility?: number;
  readonly administrative_log_facility?: number;
  readonly default_connection_limit?: number;
  /** Milliseconds, like the other three. */
  readonly timeout_client_data?: number;
  readonly timeout_member_connect?: number;
  readonly timeout_member_data?: number;
  readonly timeout_tcp_inspect?: number;
  readonly haproxy_stick_size?: string;
  readonly default_listener_ciphers?: string;
  readonly default_pool_ciphers?: string;
  readonly vrrp_check_interval?: number;
  readonly vrrp_fail_count?: number;
  readonly vrrp_success_count?: number;
  readonly vrrp_garp_refresh_interval?: number;
  readonly vrrp_garp_refresh_count?: number;
}

/** What Octavia knows of the state of an object. */
interface Stateful {
  readonly admin_state_up?: Optional<boolean>;
  readonly provisioning_status?: Optional<string>;
}

export interface LoadBalancer {
  readonly loadbalancer_id: string;
  readonly project_id?: Optional<string>;
  readonly admin_state_up?: Optional<boolean>;
  readonly vip_address: string;
  readonly additional_vips?: Optional<readonly { readonly ip_address: string }[]>;
  readonly listeners?: Optional<readonly Listener[]>;
  readonly pools?: Optional<readonly Pool[]>;
}

export type ListenerProtocol = "HTTP" | "HTTPS" | "TCP" | "TERMINATED_HTTPS" | "PROMETHEUS" | "UDP" | "SCTP";

export type TlsVersion = "SSLv3" | "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";

export interface Listener {
  readonly listener_id: string;
  readonly admin_state_up?: Optional<boolean>;
  readonly protocol: ListenerProtocol;
  readonly protocol_port: number;
  readonly connection_limit?: Optional<number>;
  readonly default_pool_id?: Optional<string>;
  readonly default_pool?: Optional<Pool>;
  readonly l7policies?: Optional<readonly L7Policy[]>;
  readonly insert_headers?: Optional<Readonly<Record<string, string>>>;
  /** Milliseconds, like the other three. */
  readonly timeout_client_data?: Optional<number>;
  readonly timeout_member_connect?: Optional<number>;
  readonly timeout_member_data?: Optional<number>;
  readonly timeout_tcp_inspect?: Optional<number>;
  readonly client_authentication?: Optional<"NONE" | "OPTIONAL" | "MANDATORY">;
  readonly tls_ciphers?: Optional<string>;
  readonly tls_versions?: Optional<readonly TlsVersion[]>;
  readonly alpn_protocols?: Optional<readonly string[]>;
  /** Seconds. */
  readonly hsts_max_age?: Optional<number>;
  readonly hsts_include_subdomains?: Optional<boolean>;
  readonly hsts_preload?: Optional<boolean>;
}

export type L7Action = "REJECT" | "REDIRECT_TO_URL" | "REDIRECT_PREFIX" | "REDIRECT_TO_POOL";

export interface L7Policy extends Stateful {
  readonly l7policy_id: string;
  readonly action: L7Action;
  readonly redirect_pool_id?: Optional<string>;
  readonly redirect_url?: Optional<string>;
  readonly redirect_prefix?: Optional<string>;
  readonly redirect_http_code?: Optional<number>;
  readonly rules?: Optional<readonly L7Rule[]>;
}

export type L7RuleType =
  | "HOST_NAME"
  | "PATH"
  | "FILE_TYPE"
  | "HEADER"
  | "COOKIE"
  | "SSL_CONN_HAS_CERT"
  | "SSL_VERIFY_RESULT"
  | "SSL_DN_FIELD";

export type L7CompareType = "REGEX" | "STARTS_WITH" | "ENDS_WITH" | "CONTAINS" | "EQUAL_TO";

export interface L7Rule extends Stateful {
  readonly l7rule_id: string;
  readonly type: L7RuleType;
  readonly compare_type: L7CompareType;
  readonly key?: Optional<string>;
  readonly value: string;
  readonly invert?: Optional<boolean>;
}

export type PoolProtocol = "HTTP" | "HTTPS" | "TCP" | "PROXY" | "PROXYV2" | "UDP" | "SCTP";

export interface Pool extends Stateful {
  readonly pool_id: string;
  readonly protocol: PoolProtocol;
  readonly lb_algorithm?: Optional<string>;
  readonly members?: Optional<readonly Member[]>;
  readonly healthmonitor?: Optional<HealthMonitor>;
  readonly session_persistence?: Optional<SessionPersistence>;
  readonly tls_enabled?: Optional<boolean>;
  readonly tls_ciphers?: Optional<string>;
  readonly tls_versions?: Optional<readonly TlsVersion[]>;
  readonly alpn_protocols?: Optional<readonly string[]>;
}

export interface SessionPersistence {
  readonly type: "SOURCE_IP" | "HTTP_COOKIE" | "APP_COOKIE";
  readonly cookie_name?: Optional<string>;
  /** Seconds. */
  readonly persistence_timeout?: Optional<number>;
  readonly persistence_granularity?: Optional<string>;
}

export interface Member extends Stateful {
  readonly member_id: string;
  readonly address: string;
  readonly protocol_port: number;
  readonly weight?: number;
  readonly backup?: Optional<boolean>;
  readonly monitor_address?: Optional<string>;
  readonly monitor_port?: Optional<number>;
}

export interface HealthMonitor extends Stateful {
  readonly healthmonitor_id: string;
  readonly type: string;
  /** Seconds, like `timeout`. */
  readonly delay: number;
  readonly timeout: number;
  readonly max_retries: number;
  readonly max_retries_down: number;
  readonly http_method?: Optional<string>;
  readonly url_path?: Optional<string>;
  readonly expected_codes?: Optional<string>;
  readonly http_version?: Optional<number>;
  readonly domain_name?: Optional<string>;
}
