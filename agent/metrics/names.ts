/** HAProxy's metrics by the names that users of Octavia know (docs/contract/metrics.md, section 5). */

/** Metrics of one kind of proxy; the order of kinds and names is the order in which they are looked for. */
export interface MetricGroup {
  readonly prefix: string;
  readonly newPrefix: string;
  /** Label names and what they become, in the order of replacement; none: samples have no labels. */
  readonly labels: readonly (readonly [from: string, to: string])[];
  /** Rest of HAProxy's names. */
  readonly names: readonly string[];
}

export const METRIC_GROUPS: readonly MetricGroup[] = [
  {
    prefix: "haproxy_process_",
    newPrefix: "octavia_loadbalancer_",
    labels: [],
    names: words(`
      pool_allocated_bytes pool_used_bytes pool_failures_total max_connections current_connections
      connections_total requests_total max_ssl_connections current_ssl_connections ssl_connections_total
      current_connection_rate limit_connection_rate max_connection_rate current_session_rate
      limit_session_rate max_session_rate current_ssl_rate limit_ssl_rate max_ssl_rate
      current_frontend_ssl_key_rate max_frontend_ssl_key_rate frontend_ssl_reuse
      current_backend_ssl_key_rate max_backend_ssl_key_rate ssl_cache_lookups_total ssl_cache_misses_total
      http_comp_bytes_in_total http_comp_bytes_out_total limit_http_comp listeners dropped_logs_total
    `),
  },
  {
    prefix: "haproxy_frontend_",
    newPrefix: "octavia_listener_",
    labels: [["proxy=", "listener="]],
    names: words(`
      status current_sessions max_sessions limit_sessions sessions_total limit_session_rate
      max_session_rate connections_rate_max connections_total bytes_in_total bytes_out_total
      requests_denied_total responses_denied_total request_errors_total denied_connections_total
      denied_sessions_total failed_header_rewriting_total http_requests_rate_max http_requests_total
      http_responses_total intercepted_requests_total http_cache_lookups_total http_cache_hits_total
      http_comp_bytes_in_total http_comp_bytes_out_total http_comp_bytes_bypassed_total
      http_comp_responses_total
    `),
  },
  {
    prefix: "haproxy_backend_",
    newPrefix: "octavia_pool_",
    labels: [["proxy=", "pool="]],
    names: words(`
      status current_sessions max_sessions limit_sessions sessions_total max_session_rate
      last_session_seconds current_queue max_queue connection_attempts_total connection_reuses_total
      bytes_in_total bytes_out_total queue_time_average_seconds connect_time_average_seconds
      response_time_average_seconds total_time_average_seconds max_queue_time_seconds
      max_connect_time_seconds max_response_time_seconds max_total_time_seconds requests_denied_total
      responses_denied_total connection_errors_total response_errors_total retry_warnings_total
      redispatch_warnings_total failed_header_rewriting_total client_aborts_total server_aborts_total
      active_servers backup_servers check_up_down_total check_last_change_seconds downtime_seconds_total
      loadbalanced_total http_requests_total http_responses_total http_cache_lookups_total
      http_cache_hits_total http_comp_bytes_in_total http_comp_bytes_out_total
      http_comp_bytes_bypassed_total http_comp_responses_total
    `),
  },
  {
    prefix: "haproxy_server_",
    newPrefix: "octavia_member_",
    labels: [
      ["proxy=", "pool="],
      ["server=", "member="],
    ],
    names: words(`
      status current_sessions max_sessions limit_sessions sessions_total max_session_rate
      last_session_seconds current_queue max_queue queue_limit bytes_in_total bytes_out_total
      queue_time_average_seconds connect_time_average_seconds response_time_average_seconds
      total_time_average_seconds max_queue_time_seconds max_connect_time_seconds max_response_time_seconds
      max_total_time_seconds connection_attempts_total connection_reuses_total responses_denied_total
      connection_errors_total response_errors_total retry_warnings_total redispatch_warnings_total
      failed_header_rewriting_total client_aborts_total server_aborts_total weight check_failures_total
      check_up_down_total downtime_seconds_total check_last_change_seconds current_throttle
      loadbalanced_total http_responses_total idle_connections_current idle_connections_limit
    `),
  },
];

/** Names of which more changes than the prefix. */
export const RENAMED: Readonly<Record<string, string>> = {
  haproxy_process_pool_allocated_bytes: "octavia_memory_pool_allocated_bytes",
  haproxy_process_pool_used_bytes: "octavia_memory_pool_used_bytes",
  haproxy_process_pool_failures_total: "octavia_memory_pool_failures_total",
  haproxy_backend_server_aborts_total: "octavia_pool_member_aborts_total",
  haproxy_backend_active_servers: "octavia_pool_active_members",
  haproxy_backend_backup_servers: "octavia_pool_backup_members",
};

/** Explanations that differ from HAProxy's, by the new name. */
export const EXPLANATIONS: Readonly<Record<string, string>> = {
  octavia_memory_pool_allocated_bytes: "Total amount of memory allocated in the memory pools (in bytes).",
  octavia_memory_pool_used_bytes: "Total amount of memory used in the memory pools (in bytes).",
  octavia_memory_pool_failures_total: "Total number of failed memory pool allocations.",
  octavia_loadbalancer_current_ssl_connections: "Number of active SSL connections.",
  octavia_listener_status: "Current status of the listener.",
  octavia_listener_denied_connections_total: "Total number of requests denied by connection rules.",
  octavia_listener_denied_sessions_total: "Total number of requests denied by session rules.",
  octavia_listener_failed_header_rewriting_total: "Total number of failed header rewriting rules.",
  octavia_pool_status: "Current status of the pool.",
  octavia_pool_last_session_seconds: "Number of seconds since last session assigned to a member.",
  octavia_pool_max_response_time_seconds: "Maximum observed time spent waiting for a member response.",
  octavia_pool_member_aborts_total: "Total number of data transfers aborted by the server.",
  octavia_pool_active_members: "Current number of active members.",
  octavia_pool_backup_members: "Current number of backup members.",
  octavia_pool_downtime_seconds_total: "Total downtime (in seconds) for the pool.",
  octavia_pool_loadbalanced_total:
    "Total number of times a pool was selected, either for new sessions, or when redispatching.",
  octavia_member_status: "Current status of the member.",
  octavia_member_last_session_seconds: "Number of seconds since last session assigned to the member.",
  octavia_member_queue_limit: "Configured maxqueue for the member (0 meaning no limit).",
  octavia_member_max_response_time_seconds: "Maximum observed time spent waiting for a member response.",
  octavia_member_weight: "Member weight.",
  octavia_member_check_failures_total:
    "Total number of failed check (Only counts checks failed when the member is up).",
  octavia_member_downtime_seconds_total: "Total downtime (in seconds) for the member.",
  octavia_member_current_throttle:
    "Current throttle percentage for the member, when slowstart is active, or no value if not in slowstart.",
  octavia_member_loadbalanced_total:
    "Total number of times a member was selected, either for new sessions, or when redispatching.",
};

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
