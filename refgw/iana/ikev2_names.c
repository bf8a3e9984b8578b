#include "refgw/iana/ikev2_names.h"

#include "refgw/iana/number_names.h"

static const struct number_name exchange_types[] = {
    {IKE_EXCHANGE_SA_INIT,         "IKE_SA_INIT"       },
    {IKE_EXCHANGE_AUTH,            "IKE_AUTH"          },
    {IKE_EXCHANGE_CREATE_CHILD_SA, "CREATE_CHILD_SA"   },
    {IKE_EXCHANGE_INFORMATIONAL,   "INFORMATIONAL"     },
    {IKE_EXCHANGE_SESSION_RESUME,  "IKE_SESSION_RESUME"},
    {39,                           "GSA_AUTH"          },
    {40,                           "GSA_REGISTRATION"  },
    {41,                           "GSA_REKEY"         },
    {42,                           "GSA_INBAND_REKEY"  },
    {IKE_EXCHANGE_INTERMEDIATE,    "IKE_INTERMEDIATE"  },
    {IKE_EXCHANGE_FOLLOWUP_KE,     "IKE_FOLLOWUP_KE"   },
};

// The registry's notation column, one word each.
static const struct number_name payload_types[] = {
    {IKE_PAYLOAD_SA,              "SA"     },
    {IKE_PAYLOAD_KE,              "KE"     },
    {IKE_PAYLOAD_IDI,             "IDi"    },
    {IKE_PAYLOAD_IDR,             "IDr"    },
    {IKE_PAYLOAD_CERT,            "CERT"   },
    {IKE_PAYLOAD_CERTREQ,         "CERTREQ"},
    {IKE_PAYLOAD_AUTH,            "AUTH"   },
    {IKE_PAYLOAD_NONCE,           "Nonce"  },
    {IKE_PAYLOAD_NOTIFY,          "N"      },
    {IKE_PAYLOAD_DELETE,          "D"      },
    {IKE_PAYLOAD_VENDOR_ID,       "V"      },
    {IKE_PAYLOAD_TSI,             "TSi"    },
    {IKE_PAYLOAD_TSR,             "TSr"    },
    {IKE_PAYLOAD_SK,              "SK"     },
    {IKE_PAYLOAD_CP,              "CP"     },
    {IKE_PAYLOAD_EAP,             "EAP"    },
    {49,                          "GSPM"   },
    {50,                          "IDg"    },
    {51,                          "GSA"    },
    {52,                          "KD"     },
    {IKE_PAYLOAD_SKF,             "SKF"    },
    {IKE_PAYLOAD_PUZZLE_SOLUTION, "PS"     },
};

static const struct number_name protocol_ids[] = {
    {IKE_PROTOCOL_IKE, "IKE"                 },
    {IKE_PROTOCOL_AH,  "AH"                  },
    {IKE_PROTOCOL_ESP, "ESP"                 },
    {4,                "FC_ESP_HEADER"       },
    {5,                "FC_CT_AUTHENTICATION"},
};

static const struct number_name identification_types[] = {
    {ID_IPV4_ADDR,   "ID_IPV4_ADDR"  },
    {ID_FQDN,        "ID_FQDN"       },
    {ID_RFC822_ADDR, "ID_RFC822_ADDR"},
    {ID_IPV6_ADDR,   "ID_IPV6_ADDR"  },
    {ID_DER_ASN1_DN, "ID_DER_ASN1_DN"},
    {ID_DER_ASN1_GN, "ID_DER_ASN1_GN"},
    {ID_KEY_ID,      "ID_KEY_ID"     },
    {12,             "ID_FC_NAME"    },
    {ID_NULL,        "ID_NULL"       },
};

static const struct number_name authentication_methods[] = {
    {AUTH_METHOD_RSA_SIGNATURE,     "RSA Digital Signature"                        },
    {AUTH_METHOD_SHARED_KEY,        "Shared Key Message Integrity Code"            },
    {3,                             "DSS Digital Signature"                        },
    {AUTH_METHOD_ECDSA_SHA256_P256, "ECDSA with SHA-256 on the P-256 curve"        },
    {AUTH_METHOD_ECDSA_SHA384_P384, "ECDSA with SHA-384 on the P-384 curve"        },
    {AUTH_METHOD_ECDSA_SHA512_P521, "ECDSA with SHA-512 on the P-521 curve"        },
    {12,                            "Generic Secure Password Authentication Method"},
    {AUTH_METHOD_NULL,              "NULL Authentication"                          },
    {AUTH_METHOD_DIGITAL_SIGNATURE, "Digital Signature"                            },
};

static const struct number_name configuration_attributes[] = {
    {1,  "INTERNAL_IP4_ADDRESS"             },
    {2,  "INTERNAL_IP4_NETMASK"             },
    {3,  "INTERNAL_IP4_DNS"                 },
    {4,  "INTERNAL_IP4_NBNS"                },
    {6,  "INTERNAL_IP4_DHCP"                },
    {7,  "APPLICATION_VERSION"              },
    {8,  "INTERNAL_IP6_ADDRESS"             },
    {10, "INTERNAL_IP6_DNS"                 },
    {12, "INTERNAL_IP6_DHCP"                },
    {13, "INTERNAL_IP4_SUBNET"              },
    {14, "SUPPORTED_ATTRIBUTES"             },
    {15, "INTERNAL_IP6_SUBNET"              },
    {16, "MIP6_HOME_PREFIX"                 },
    {17, "INTERNAL_IP6_LINK"                },
    {18, "INTERNAL_IP6_PREFIX"              },
    {19, "HOME_AGENT_ADDRESS"               },
    {20, "P_CSCF_IP4_ADDRESS"               },
    {21, "P_CSCF_IP6_ADDRESS"               },
    {22, "FTT_KAT"                          },
    {23, "EXTERNAL_SOURCE_IP4_NAT_INFO"     },
    {24, "TIMEOUT_PERIOD_FOR_LIVENESS_CHECK"},
    {25, "INTERNAL_DNS_DOMAIN"              },
    {26, "INTERNAL_DNSSEC_TA"               },
    {27, "ENCDNS_IP4"                       },
    {28, "ENCDNS_IP6"                       },
    {29, "ENCDNS_DIGEST_INFO"               },
};

const char *exchange_type_name(unsigned number)
{
    return number_names_name(NUMBER_NAMES(exchange_types), number);
}

bool exchange_type_from_name(const char *name, unsigned *out_number)
{
    return number_names_number(NUMBER_NAMES(exchange_types), name, out_number);
}

const char *payload_type_name(unsigned number)
{
    return number_names_name(NUMBER_NAMES(payload_types), number);
}

const char *protocol_id_name(unsigned number)
{
    return number_names_name(NUMBER_NAMES(protocol_ids), number);
}

const char *identification_type_name(unsigned number)
{
    return number_names_name(NUMBER_NAMES(identification_types), number);
}

const char *authentication_method_name(unsigned number)
{
    return number_names_name(NUMBER_NAMES(authentication_methods), number);
}

const char *configuration_attribute_name(unsigned number)
{
    return number_names_name(NUMBER_NAMES(configuration_attributes), number);
}
