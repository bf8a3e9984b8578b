#include "refgw/app/gateway_state.h"

#include "refgw/iana/ikev2_names.h"
#include "refgw/io/log_output.h"
#include "refgw/io/system_clock.h"

#include <string.h>

enum { BURST = 50, PER_SECOND = 10 };

void gateway_log_begin(struct log_event *event, enum log_level level, const char *name)
{
    log_event_begin(event, level, name, system_clock_wall_us());
}

void gateway_log(struct gateway *gateway, const struct log_event *event)
{
    char line[LOG_LINE_SIZE];
    size_t size = log_event_write(event, gateway->config->log_format, line);
    log_output_write(line, size);
    for (const struct monitor *monitor = gateway->monitors; monitor != NULL;
         monitor = monitor->next) {
        size = log_event_write(event, monitor->format, line);
        control_send_line(monitor->client, line, size - 1);
    }
}

// Whether an event may pass now; otherwise it is counted.
static bool rate_allows(struct rate_limit *limit)
{
    const struct instant now = system_clock_now();
    const uint64_t cost = duration_seconds(1).nanoseconds / PER_SECOND;
    const uint64_t most = BURST * cost;
    const uint64_t gained = instant_until(limit->last, now).nanoseconds;
    limit->tokens = gained > most - limit->tokens ? most : limit->tokens + gained;
    limit->last = now;
    if (limit->tokens < cost) {
        limit->suppressed++;
        return false;
    }
    limit->tokens -= cost;
    return true;
}

static void put_suppressed(struct log_event *event, struct rate_limit *limit)
{
    if (limit->suppressed > 0) {
        log_event_number(event, "suppressed", limit->suppressed);
        limit->suppressed = 0;
    }
}

static void put_endpoint(struct log_event *event, const char *name,
                         const struct ip_endpoint *endpoint)
{
    char text[ADDRESS_TEXT_SIZE];
    if (endpoint->address.family != ADDRESS_NONE) {
        endpoint_format(endpoint, text);
        log_event_text(event, name, text);
    }
}

static void put_message(struct log_event *event, const struct ike_report *report)
{
    if (report->exchange_type == 0) {
        return;
    }
    const char *exchange = exchange_type_name(report->exchange_type);
    if (exchange != NULL) {
        log_event_text(event, "exchange", exchange);
    } else {
        log_event_number(event, "exchange", report->exchange_type);
    }
    log_event_text(event, "direction", report->is_response ? "response" : "request");
    log_event_number(event, "message_id", report->message_id);
}

void gateway_log_report(struct gateway *gateway, const struct ike_report *report)
{
    struct log_event event;
    if (report->kind == IKE_REPORT_REJECTED && !rate_allows(&gateway->rejections)) {
        return;
    }
    gateway_log_begin(&event,
                      ike_report_is_warning(report->kind) ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
                      ike_report_name(report->kind));
    log_event_text(&event, "connection", report->connection);
    log_event_text(&event, "child", report->child);
    put_message(&event, report);
    log_event_text(&event, "reason", report->reason);
    log_event_text(&event, "section", report->section);
    log_event_text(&event, "text", report->text);
    log_event_text(&event, "subject", report->subject);
    log_event_text(&event, "serial", report->serial);
    log_event_hex(&event, "spi_i", report->initiator_spi, 16);
    log_event_hex(&event, "spi_r", report->responder_spi, 16);
    log_event_hex(&event, "spi_in", report->inbound_spi, 8);
    log_event_hex(&event, "spi_out", report->outbound_spi, 8);
    put_endpoint(&event, "local", &report->path.local);
    put_endpoint(&event, "remote", &report->path.remote);
    if (report->kind == IKE_REPORT_REJECTED) {
        put_suppressed(&event, &gateway->rejections);
    }
    gateway_log(gateway, &event);
}

void gateway_log_drop(struct gateway *gateway, const struct packet *packet, bool is_inbound)
{
    struct log_event event;
    const uint64_t count = esp_gateway_verdicts(gateway->esp, is_inbound, packet->verdict);
    // The 1st, 2nd, 4th, 8th...: a flood makes few lines, a single packet makes one.
    if (packet->verdict == PACKET_DUMMY || (count & (count - 1)) != 0) {
        return;
    }
    gateway_log_begin(&event, LOG_LEVEL_WARNING, "packet-dropped");
    log_event_text(&event, "verdict", packet_verdict_name(packet->verdict));
    log_event_text(&event, "direction", is_inbound ? "in" : "out");
    log_event_number(&event, "count", count);
    if (is_inbound) {
        put_endpoint(&event, "remote", &packet->path.remote);
    }
    gateway_log(gateway, &event);
}

void gateway_log_send_failure(struct gateway *gateway, const struct network_path *path, int error)
{
    struct log_event event;
    char reason[96];
    if (!rate_allows(&gateway->send_failures)) {
        return;
    }
    gateway_log_begin(&event, LOG_LEVEL_WARNING, "send-failed");
    put_endpoint(&event, "local", &path->local);
    put_endpoint(&event, "remote", &path->remote);
    log_event_text(&event, "reason", strerror_r(error, reason, sizeof(reason)));
    put_suppressed(&event, &gateway->send_failures);
    gateway_log(gateway, &event);
}
