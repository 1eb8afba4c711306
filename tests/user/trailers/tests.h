/* SPDX-License-Identifier: BSD-2-Clause */
/* The tests, and what they share. */
#ifndef _TESTS_H_
#define _TESTS_H_

#include "../common/messages.h"

#define FILL		0xa5
#define FILL_WORD	0xa5a5a5a5u

/* What follows a message of no words; room for more. */
struct arrival {
	mach_msg_header_t		header;
	union {
		mach_msg_format_0_trailer_t	trailer;
		uint32_t			words[200];
	};
};

/* Receive what is there, or wait, with n elements, into a filled buffer. */
mach_msg_return_t arrive(struct arrival *arrival, mach_port_t port, unsigned int n);
mach_msg_return_t arrive_with(struct arrival *arrival, mach_port_t port, mach_msg_size_t size,
	mach_msg_option_t option, mach_port_t notify);

/*
 * Expect a trailer of n elements at an offset, a multiple of 4, with the header's number, and
 * nothing behind it; what it says of the sender is not looked at.
 */
void expect_trailer(const struct arrival *arrival, mach_msg_size_t offset, unsigned int n);

/* Send a header; a header with a reply right. */
void send_header(mach_port_t port);
void send_with_reply(mach_port_t port, mach_port_t reply);

/* What trailers say of the calling thread. */
audit_token_t own_audit(void);

boolean_t same_audit(audit_token_t a, audit_token_t b);
boolean_t same_token(security_token_t a, security_token_t b);

void test_queued(void);
void test_handed_over(void);
void test_set(void);
void test_unknown(void);
void test_sizes(void);
void test_unwritable(void);
void test_bare(void);
void test_timeouts(void);
void test_calls(void);
void test_secrets(void);

void test_threads(void);
void test_tasks(void);
void test_dead_sender(void);
void test_tokens(void);
void test_token_refused(void);
void test_kernel_messages(void);
void test_name_messages(void);
void test_exception(void);

#endif
