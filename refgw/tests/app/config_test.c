// config_test.c - every word of the configuration, and every fault with its line and text.
#include "refgw/app/config.h"

#include "harness/tap/tap.h"
#include "refgw/app/policy_support.h"
#include "refgw/crypto/openssl/openssl_provider.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct config_faults faults;

static bool parse(const char *text, struct config *out_config)
{
    const struct byte_view view = {.data = (const uint8_t *)text, .size = strlen(text)};
    faults.count = 0;
    return config_parse(view, "/nonexistent", out_config, &faults);
}

static void show_faults(void)
{
    for (size_t i = 0; i < faults.count; i++) {
        note("line %u: %s", faults.items[i].line, faults.items[i].message);
    }
}

static bool has_fault(unsigned line, const char *part)
{
    for (size_t i = 0; i < faults.count; i++) {
        if (faults.items[i].line == line && strstr(faults.items[i].message, part) != NULL) {
            return true;
        }
    }
    return false;
}

#define CHILD "local 203.0.113.0/26; remote 203.0.113.64/26; "
#define BASE  "remote 198.51.100.1; id local fqdn a.example; id remote any; "
#define FULL  BASE "auth psk x; "

// What stands around the statements under test, which are line 2.
struct place {
    const char *name;
    const char *before;
    const char *after;
};

static const struct place PLACES[] = {
    {"file",       "",                                    "connection z { " FULL "child n { " CHILD "} }"   },
    {"gateway",    "gateway {",                           "}\nconnection c { " FULL "child n { " CHILD "} }"},
    {"connection", "connection c { child n { " CHILD "}", "}"                                               },
    {"child",      "connection c { " FULL "child n {",    "} }"                                             },
};

static bool parse_in(const char *place, const char *statements, struct config *out_config)
{
    char text[8192];
    size_t row = 0;
    while (strcmp(PLACES[row].name, place) != 0) {
        row++;
    }
    (void)snprintf(text, sizeof(text), "%s\n%s\n%s\n", PLACES[row].before, statements,
                   PLACES[row].after);
    return parse(text, out_config);
}

static void a_minimal_file_has_documented_defaults(void)
{
    struct config config;
    if (!ok(parse("connection c { " FULL " child n { " CHILD " } }", &config),
            "a minimal file is right")) {
        show_faults();
        return;
    }
    const struct policy_connection *connection = &config.policy.connections[0];
    const struct policy_child *child = &connection->children[0];
    ok(strcmp(config.control_path, "/run/refgw/control.sock") == 0, "default control path");
    ok(config.log_format == LOG_FORMAT_TEXT, "default log is text");
    ok(config.key_log_path[0] == '\0' && config.pid_path[0] == '\0', "no key log, no pid file");
    ok(config.udp.listen_count == 0, "listens on any address");
    ok(config.udp.ike_port == 500 && config.udp.nat_traversal_port == 4500, "default ports");
    ok(strcmp(config.tun_name, "ipsec0") == 0 && config.tun_mtu == 1390, "default device");
    ok(config.routing_table == 5050 && config.routing_priority == 5050 && config.udp.mark == 20560,
       "default routing");
    ok(config.policy.retransmission.first_timeout.nanoseconds == 500000000U &&
           config.policy.retransmission.factor_percent == 180 &&
           config.policy.retransmission.tries == 6,
       "default retransmission");
    ok(config.policy.half_open_timeout.nanoseconds == 30000000000U &&
           config.policy.most_half_open == 1000,
       "default half-open limits");
    ok(connection->local_address.family == ADDRESS_NONE && connection->remote_port == 500,
       "local any, remote port 500");
    ok(connection->remote_identity.type == 0, "id remote any is type 0");
    ok(!connection->forces_encapsulation && connection->liveness_delay.nanoseconds == 0,
       "no forced encapsulation, no liveness check");
    ok(connection->proposal_count == 1 && connection->proposals[0].encryption_count == 2 &&
           connection->proposals[0].key_exchange_count == 5 &&
           connection->proposals[0].integrity_count == 0,
       "default IKE proposal");
    ok(child->proposal_count == 1 && child->proposals[0].encryption_count == 2 &&
           child->proposals[0].sequence_count == 1 &&
           child->proposals[0].sequence[0] == SN_32_BIT_SEQUENTIAL,
       "default ESP proposal, without ESN");
    ok(child->replay_window == 64 && !child->starts_by_itself && child->mode == CHILD_SA_TUNNEL,
       "default window, manual start, tunnel mode");
    config_clear(&config);
}

static void every_gateway_word_is_read(void)
{
    struct config config;
    if (!ok(parse_in("gateway",
                     "control /tmp/c.sock; log json; keylog /tmp/k; pidfile /tmp/p;"
                     "listen 192.0.2.1 2001:db8::1; listen 192.0.2.2; ike-port 1500; nat-port "
                     "14500; tun vpn7 mtu 1400; routing table 300 priority 77 mark 9;"
                     "retransmit first 250ms factor 200 tries 3; half-open timeout 5s most 7",
                     &config),
            "all gateway words are accepted")) {
        show_faults();
        return;
    }
    struct ip_address third;
    ok(strcmp(config.control_path, "/tmp/c.sock") == 0, "control");
    ok(config.log_format == LOG_FORMAT_JSON, "log json");
    ok(strcmp(config.key_log_path, "/tmp/k") == 0, "keylog");
    ok(strcmp(config.pid_path, "/tmp/p") == 0, "pidfile");
    ok(config.udp.listen_count == 3 && address_parse("192.0.2.2", &third) &&
           address_equals(&config.udp.listen[2], &third),
       "listen, several and repeated");
    ok(config.udp.ike_port == 1500, "ike-port");
    ok(config.udp.nat_traversal_port == 14500, "nat-port");
    ok(strcmp(config.tun_name, "vpn7") == 0 && config.tun_mtu == 1400, "tun with mtu");
    ok(config.routing_table == 300 && config.routing_priority == 77 && config.udp.mark == 9,
       "routing");
    ok(config.policy.retransmission.first_timeout.nanoseconds == 250000000U &&
           config.policy.retransmission.factor_percent == 200 &&
           config.policy.retransmission.tries == 3,
       "retransmit");
    ok(config.policy.half_open_timeout.nanoseconds == 5000000000U &&
           config.policy.most_half_open == 7,
       "half-open");
    config_clear(&config);
}

static void every_connection_word_is_read(void)
{
    struct config config;
    ok(parse_in("connection",
                "local 192.0.2.1; remote 198.51.100.1 port 1500; id local email a@example;"
                "id remote ipv6 2001:db8::9; auth psk-hex 00fFa1; ike "
                "aes128gcm16-aes256gcm16-prfsha256-x25519 aes256-sha512-prfsha512-ecp384;"
                "encapsulation force; liveness 2m",
                &config),
       "all connection words are accepted");
    if (faults.count > 0) {
        show_faults();
        return;
    }
    const struct policy_connection *connection = &config.policy.connections[0];
    static const uint8_t key[] = {0x00, 0xff, 0xa1};
    ok(strcmp(connection->name, "c") == 0, "name");
    ok(connection->local_address.family == ADDRESS_IPV4, "local");
    ok(connection->remote_address.family == ADDRESS_IPV4 && connection->remote_port == 1500,
       "remote with port");
    ok(connection->local_identity.type == ID_RFC822_ADDR &&
           connection->local_identity.size == strlen("a@example"),
       "id local email");
    ok(connection->remote_identity.type == ID_IPV6_ADDR && connection->remote_identity.size == 16,
       "id remote ipv6");
    ok(secret_equals(secret_view(&connection->psk), VIEW_OF(key)), "auth psk-hex");
    ok(connection->proposal_count == 2, "two IKE proposals");
    ok(connection->proposals[0].encryption_count == 2 &&
           connection->proposals[0].encryption[1].encryption == ENCR_AES_GCM_16 &&
           connection->proposals[0].encryption[1].key_bits == 256,
       "alternatives keep their order");
    ok(connection->proposals[1].integrity_count == 1 &&
           connection->proposals[1].integrity[0] == AUTH_HMAC_SHA2_512_256 &&
           connection->proposals[1].prf[0] == PRF_HMAC_SHA2_512 &&
           connection->proposals[1].key_exchange[0] == KE_ECP_384,
       "a proposal with integrity");
    ok(connection->forces_encapsulation, "encapsulation force");
    ok(connection->liveness_delay.nanoseconds == 120000000000U, "liveness");
    config_clear(&config);
}

static void every_child_word_is_read(void)
{
    struct config config;
    if (!ok(parse_in("child",
                     "esp aes128gcm16 aes256gcm16-esn aes128-sha256-x25519-none-esn-noesn "
                     "null-sha256; local 203.0.113.0/26 203.0.113.128/26 tcp 443; remote "
                     "203.0.113.64 - 203.0.113.70 203.0.113.80/28; local 2001:db8::/64; remote "
                     "2001:db8:1::/64; replay-window 1024; start auto",
                     &config),
            "all child words are accepted")) {
        show_faults();
        return;
    }
    const struct policy_child *child = &config.policy.connections[0].children[0];
    ok(child->proposal_count == 4, "four ESP proposals");
    ok(child->proposals[1].sequence_count == 1 &&
           child->proposals[1].sequence[0] == SN_64_BIT_PARTIAL,
       "esn");
    ok(child->proposals[2].sequence_count == 2 &&
           child->proposals[2].sequence[0] == SN_64_BIT_PARTIAL,
       "esn-noesn is both");
    ok(child->proposals[2].key_exchange_count == 2 &&
           child->proposals[2].key_exchange[1] == KE_NONE,
       "none beside a group");
    ok(child->proposals[3].encryption[0].encryption == ENCR_NULL, "null with integrity");
    ok(child->local_selectors.count == 3 && child->remote_selectors.count == 3,
       "several selectors on a line and on several lines");
    ok(child->local_selectors.items[1].ip_protocol == 6 &&
           child->local_selectors.items[1].start_port == 443,
       "protocol and port belong to the selector before them");
    ok(child->remote_selectors.items[0].end_address.bytes[3] == 70, "a range of addresses");
    ok(child->replay_window == 1024 && child->starts_by_itself, "replay-window, start auto");
    config_clear(&config);
}

static void every_kind_of_identity_is_read(void)
{
    static const struct {
        const char *words;
        enum identification_type type;
        size_t size;
    } rows[] = {
        {"fqdn west.example.test", ID_FQDN,        17},
        {"email w@example.test",   ID_RFC822_ADDR, 14},
        {"ipv4 192.0.2.1",         ID_IPV4_ADDR,   4 },
        {"ipv6 2001:db8::1",       ID_IPV6_ADDR,   16},
        {"keyid some-name",        ID_KEY_ID,      9 },
        {"keyid 0x00ff10",         ID_KEY_ID,      3 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[256];
        struct config config;
        (void)snprintf(text, sizeof(text),
                       "remote 198.51.100.1; auth psk x; id remote any; id local %s",
                       rows[i].words);
        const bool parsed = parse_in("connection", text, &config);
        if (!ok(parsed, "id local %s", rows[i].words)) {
            show_faults();
            continue;
        }
        const struct policy_identity *identity = &config.policy.connections[0].local_identity;
        ok(identity->type == rows[i].type && identity->size == rows[i].size, "type and size");
        config_clear(&config);
    }
}

struct fault_row {
    const char *place;
    const char *statements;
    unsigned line;
    const char *part;
};

static const struct fault_row FAULTS[] = {
    {"file",       "gatway { }",                                                                     2,
     "unknown word \"gatway\" in the file; allowed here: gateway, connection"                                                                                        },
    {"file",       "{ }",                                                                            2, "a block without a word before it"                           },
    {"file",       "gateway",                                                                        2, "write: gateway { ... }"                                     },
    {"file",       "gateway x { }",                                                                  2, "write: gateway { ... }"                                     },
    {"file",       "connection { }",                                                                 2, "write: connection NAME { ... }"                             },
    {"file",       "connection \"a b\" { }",                                                         2, "is no name for a connection"                                },
    {"file",       "connection z { " FULL "child n { " CHILD "} }",                                  3, "there is a connection z already"                            },
    {"file",       "connection y { }",                                                               2, "connection y has no `remote`; add: remote ADDRESS"          },
    {"file",       "connection y { }",                                                               2, "connection y has no `id`"                                   },
    {"file",       "connection y { }",                                                               2, "connection y has no `auth`; add: auth psk"                  },
    {"file",       "connection y { }",                                                               2, "connection y has no `child`; add: child NAME"               },
    {"gateway",    "colour red",                                                                     2,
     "unknown word \"colour\" in the gateway; allowed here: control, log"                                                                                            },
    {"gateway",    "log text; log json",                                                             2, "`log` stands in the gateway twice, first in line 2"         },
    {"gateway",    "log",                                                                            2, "write: log text|json"                                       },
    {"gateway",    "log xml",                                                                        2, "unknown log format \"xml\"; allowed: text, json"            },
    {"gateway",    "control",                                                                        2, "write: control PATH"                                        },
    {"gateway",    "control a b",                                                                    2, "write: control PATH"                                        },
    {"gateway",    "keylog",                                                                         2, "write: keylog FILE"                                         },
    {"gateway",    "pidfile",                                                                        2, "write: pidfile FILE"                                        },
    {"gateway",    "listen",                                                                         2, "write: listen ADDRESS"                                      },
    {"gateway",    "listen 192.0.2.300",                                                             2, "\"192.0.2.300\" is no IPv4 or IPv6 address"                 },
    {"gateway",    "ike-port 0",                                                                     2, "\"0\" is no port; allowed are whole numbers from 1 to 65535"},
    {"gateway",    "ike-port 99999999999",                                                           2, "is no port"                                                 },
    {"gateway",    "ike-port 5x",                                                                    2, "is no port"                                                 },
    {"gateway",    "nat-port",                                                                       2, "write: nat-port NUMBER"                                     },
    {"gateway",    "nat-port 500",                                                                   1, "ike-port and nat-port must differ"                          },
    {"gateway",    "tun",                                                                            2, "write: tun NAME [mtu NUMBER]"                               },
    {"gateway",    "tun a-name-that-is-too-long",                                                    2, "`tun` takes 1 to 15 characters"                             },
    {"gateway",    "tun t mtu 100",                                                                  2, "\"100\" is no MTU; allowed are whole numbers from 1280 to"  },
    {"gateway",    "routing",                                                                        2, "write: routing [table NUMBER]"                              },
    {"gateway",    "routing table 254",                                                              2, "is no routing table; allowed are whole numbers from 256"    },
    {"gateway",    "routing priority 40000",                                                         2, "is no rule priority"                                        },
    {"gateway",    "routing mark 0",                                                                 2, "is no packet mark"                                          },
    {"gateway",    "routing colour 1",                                                               2, "unknown word \"colour\" after `routing`; write: routing"    },
    {"gateway",    "retransmit",                                                                     2, "write: retransmit [first DURATION]"                         },
    {"gateway",    "retransmit first",                                                               2, "write: retransmit"                                          },
    {"gateway",    "retransmit first 5",                                                             2, "\"5\" is no duration; write a number with ms, s, m or h"    },
    {"gateway",    "retransmit first 0s",                                                            2, "must not be 0"                                              },
    {"gateway",    "retransmit factor 50",                                                           2, "is no factor in percent"                                    },
    {"gateway",    "retransmit tries 31",                                                            2, "is no number of tries"                                      },
    {"gateway",    "half-open most 0",                                                               2, "is no number of half-open SAs"                              },
    {"gateway",    "half-open timeout soon",                                                         2, "\"soon\" is no duration"                                    },
    {"connection", FULL "colour red",                                                                2,
     "unknown word \"colour\" in connection c; allowed here: local, remote, id, auth, ike"                                                                           },
    {"connection", FULL "local",                                                                     2, "write: local ADDRESS|any"                                   },
    {"connection", FULL "local here",                                                                2, "\"here\" is no address"                                     },
    {"connection", FULL "local 2001:db8::1",                                                         1, "`local` is IPv6 and `remote` is IPv4"                       },
    {"connection", FULL "remote 198.51.100.2",                                                       2, "`remote` stands in connection c twice"                      },
    {"connection", "remote 198.51.100.1 port x; id local fqdn a.example; id remote any; auth psk x",
     2,                                                                                                 "\"x\" is no port"                                           },
    {"connection", "remote 198.51.100.1 prt 5; id local fqdn a.example; id remote any; auth psk x",
     2,                                                                                                 "write: remote ADDRESS [port NUMBER]"                        },
    {"connection", "remote 198.51.100.1; auth psk x; id remote any",                                 1,
     "connection c has no `id local`"                                                                                                                                },
    {"connection", "remote 198.51.100.1; auth psk x; id local fqdn a.example",                       1,
     "connection c has no `id remote`"                                                                                                                               },
    {"connection", FULL "id local fqdn b.example",                                                   2, "`id local` stands there twice"                              },
    {"connection", FULL "id both fqdn b.example",                                                    2, "write: id local|remote"                                     },
    {"connection", "remote 198.51.100.1; auth psk x; id remote any; id local any",                   2,
     "write: id local|remote"                                                                                                                                        },
    {"connection", "remote 198.51.100.1; auth psk x; id remote any; id local dns a.example",         2,
     "unknown identity type \"dns\"; allowed: fqdn, ipv4, ipv6, email, keyid"                                                                                        },
    {"connection", "remote 198.51.100.1; auth psk x; id remote any; id local ipv4 2001:db8::1",      2,
     "is no IPv4 address"                                                                                                                                            },
    {"connection", "remote 198.51.100.1; auth psk x; id remote any; id local ipv6 192.0.2.1",        2,
     "is no IPv6 address"                                                                                                                                            },
    {"connection", "remote 198.51.100.1; auth psk x; id remote any; id local email a.example",       2,
     "is no mail address"                                                                                                                                            },
    {"connection", "remote 198.51.100.1; auth psk x; id remote any; id local fqdn a@example",        2,
     "is no host name"                                                                                                                                               },
    {"connection", "remote 198.51.100.1; auth psk x; id remote any; id local keyid 0x123",           2,
     "is no key id"                                                                                                                                                  },
    {"connection", BASE "auth rsa x",                                                                2,
     "unknown authentication \"rsa\"; allowed: psk, psk-hex, psk-file"                                                                                               },
    {"connection", BASE "auth psk",                                                                  2, "write: auth psk \"TEXT\""                                   },
    {"connection", BASE "auth psk \"\"",                                                             2, "the pre-shared key is empty"                                },
    {"connection", BASE "auth psk-hex 123",                                                          2, "even number of hexadecimal digits"                          },
    {"connection", BASE "auth psk-hex 12zz",                                                         2, "even number of hexadecimal digits"                          },
    {"connection", BASE "auth psk-file absent",                                                      2, "cannot read /nonexistent/absent"                            },
    {"connection", FULL "encapsulation never",                                                       2,
     "unknown encapsulation \"never\"; allowed: auto, force"                                                                                                         },
    {"connection", FULL "liveness 30",                                                               2, "\"30\" is no duration"                                      },
    {"connection", FULL "ike",                                                                       2, "`ike` takes proposals"                                      },
    {"connection", FULL "ike aes999-prfsha256-x25519",                                               2,
     "unknown algorithm \"aes999\"; allowed: aes128gcm16"                                                                                                            },
    {"connection", FULL "ike aes128gcm16-x25519",                                                    2,
     "no pseudorandom function; add one, prfsha256"                                                                                                                  },
    {"connection", FULL "ike aes128gcm16-prfsha256",                                                 2, "no key exchange method; add one, x25519"                    },
    {"connection", FULL "ike prfsha256-x25519",                                                      2, "no cipher; add one"                                         },
    {"connection", FULL "ike aes128-prfsha256-x25519",                                               2,
     "no integrity algorithm for this cipher; add one, sha256"                                                                                                       },
    {"connection", FULL "ike aes128gcm16-sha256-prfsha256-x25519",                                   2,
     "leave the integrity algorithm out"                                                                                                                             },
    {"connection", FULL "ike aes128gcm16-aes128-sha256-prfsha256-x25519",                            2,
     "are mixed; write two proposals"                                                                                                                                },
    {"connection", FULL "ike aes128gcm16-aes128gcm16-prfsha256-x25519",                              2,
     "aes128gcm16 stands there twice"                                                                                                                                },
    {"connection", FULL "ike aes128gcm16-prfsha256-prfsha256-x25519",                                2,
     "prfsha256 stands there twice"                                                                                                                                  },
    {"connection", FULL "ike aes128gcm16-prfsha256-x25519-esn",                                      2,
     "esn does not belong into an IKE proposal"                                                                                                                      },
    {"connection", FULL "ike null-sha256-prfsha256-x25519",                                          2, "null does not encrypt"                                      },
    {"connection", FULL "ike aes128gcm16--prfsha256-x25519",                                         2, "unknown algorithm \"\""                                     },
    {"connection", FULL "child n { " CHILD " }",                                                     2, "connection c has a child n already"                         },
    {"connection", FULL "child m",                                                                   2, "write: child NAME { ... }"                                  },
    {"connection",
     "remote any; id local fqdn a.example; id remote any; auth psk x; child m { " CHILD
     "start auto }",                                                                                 1, "`start auto` needs an address"                              },
    {"child",      CHILD "colour red",                                                               2,
     "unknown word \"colour\" in child n; allowed here: esp, local, remote, replay-window, start"                                                                    },
    {"child",      "local 203.0.113.0/26",                                                           1, "child n has no `remote`; add: remote SELECTOR"              },
    {"child",      CHILD "local 203.0.113.1/26",                                                     2, "\"203.0.113.1/26\" is no traffic selector"                  },
    {"child",      CHILD "local",                                                                    2, "write: local SELECTOR"                                      },
    {"child",      CHILD "local 2001:db8::/64",                                                      1, "only `local` has IPv6 selectors"                            },
    {"child",      CHILD "esp",                                                                      2, "`esp` takes proposals"                                      },
    {"child",      CHILD "esp aes128gcm16-prfsha256",                                                2,
     "prfsha256 does not belong into an ESP proposal"                                                                                                                },
    {"child",      CHILD "esp null",                                                                 2, "no integrity algorithm for this cipher"                     },
    {"child",      CHILD "esp des-sha256",                                                           2, "unknown algorithm \"des\""                                  },
    {"child",      CHILD "replay-window -1",                                                         2, "is no replay window"                                        },
    {"child",      CHILD "replay-window 65537",                                                      2, "whole numbers from 0 to 65536"                              },
    {"child",      CHILD "start now",                                                                2, "unknown start \"now\"; allowed: auto, manual"               },
};

static void every_fault_names_its_line_and_what_is_allowed(void)
{
    for (size_t i = 0; i < sizeof(FAULTS) / sizeof(FAULTS[0]); i++) {
        struct config config;
        const struct fault_row *row = &FAULTS[i];
        const bool parsed = parse_in(row->place, row->statements, &config);
        if (parsed) {
            config_clear(&config);
        }
        if (!ok(!parsed && has_fault(row->line, row->part), "%s: %s", row->place,
                row->statements)) {
            show_faults();
        }
    }
}

static void collects_all_faults_up_to_the_limit(void)
{
    struct config config;
    char text[4096];
    size_t used = 0;
    ok(!parse_in("gateway", "log xml\nlisten x\nike-port 0\ncolour red", &config) &&
           faults.count == 4 && faults.items[0].line == 2 && faults.items[3].line == 5,
       "four faults in four lines");
    for (int i = 0; i < 30; i++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used, "colour%d red\n", i);
    }
    ok(!parse_in("gateway", text, &config) && faults.count == CONFIG_MOST_FAULTS,
       "no more than %d faults", CONFIG_MOST_FAULTS);
}

static void a_broken_grammar_is_one_fault(void)
{
    struct config config;
    ok(!parse("connection c {\n", &config) && faults.count == 1 && faults.items[0].line > 0,
       "a block that is not closed");
    ok(!parse("", &config) && has_fault(0, "has no `connection`"), "an empty file");
    ok(!config_load("/nonexistent/file", &config, &faults) && faults.items[0].line == 0 &&
           strstr(faults.items[0].message, "cannot read") != NULL,
       "a file that is not there");
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    const int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (descriptor < 0 || write(descriptor, text, strlen(text)) != (ssize_t)strlen(text) ||
        fchmod(descriptor, mode) != 0 || close(descriptor) != 0) {
        note("cannot write %s", path);
    }
}

static void a_key_file_is_read_when_nobody_else_may_read_it(void)
{
    char folder[] = "/tmp/refgw-config-XXXXXX";
    char key_path[64];
    char config_path[64];
    struct config config;
    if (!ok(mkdtemp(folder) != NULL, "a folder")) {
        return;
    }
    (void)snprintf(key_path, sizeof(key_path), "%s/key", folder);
    (void)snprintf(config_path, sizeof(config_path), "%s/conf", folder);
    write_file(config_path, "connection c { " BASE "auth psk-file key; child n { " CHILD "} }",
               0600);
    write_file(key_path, "top secret\n", 0600);
    const bool loaded = config_load(config_path, &config, &faults);
    ok(loaded, "a relative path starts at the configuration's folder");
    if (loaded) {
        const struct secret *psk = &config.policy.connections[0].psk;
        static const uint8_t wanted[] = "top secret";
        ok(secret_equals(secret_view(psk), (struct byte_view){wanted, sizeof(wanted) - 1}),
           "the line end is not part of the key");
        config_clear(&config);
    }
    write_file(key_path, "top secret\n", 0640);
    ok(!config_load(config_path, &config, &faults) && has_fault(1, "chmod 600"),
       "a key file that others may read is refused");
    (void)unlink(key_path);
    (void)unlink(config_path);
    (void)rmdir(folder);
}

static void the_example_is_right(void)
{
    struct config config;
    const bool loaded = config_load("refgw/app/refgw.conf.example", &config, &faults);
    ok(loaded, "refgw.conf.example is a right configuration");
    if (!loaded) {
        show_faults();
        return;
    }
    ok(config.policy.connection_count == 1 && config.policy.connections[0].child_count == 1,
       "it has a connection with a child");
    config_clear(&config);
}

static void what_the_cryptography_lacks_is_named(void)
{
    struct config config;
    struct problem problem = {0};
    if (!ok(parse_in("connection", FULL "ike aes128gcm16-prfsha256-x25519", &config),
            "supported")) {
        return;
    }
    ok(policy_is_supported(&config.policy, openssl_provider(), &problem), "is supported");
    config.policy.connections[0].proposals[0].encryption[0].encryption = ENCR_3DES;
    ok(!policy_is_supported(&config.policy, openssl_provider(), &problem) &&
           strstr(problem.text, "connection c") != NULL,
       "an unsupported cipher is named: %s", problem.text);
    config_clear(&config);
}

int main(void)
{
    a_minimal_file_has_documented_defaults();
    every_gateway_word_is_read();
    every_connection_word_is_read();
    every_child_word_is_read();
    every_kind_of_identity_is_read();
    every_fault_names_its_line_and_what_is_allowed();
    collects_all_faults_up_to_the_limit();
    a_broken_grammar_is_one_fault();
    a_key_file_is_read_when_nobody_else_may_read_it();
    the_example_is_right();
    what_the_cryptography_lacks_is_named();
    return done_testing();
}
