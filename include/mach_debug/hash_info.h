/* SPDX-License-Identifier: BSD-2-Clause */
/* A hash table's buckets, for host_ipc_marequest_info. */
#ifndef _MACH_DEBUG_HASH_INFO_H_
#define _MACH_DEBUG_HASH_INFO_H_

typedef struct hash_info_bucket {
	unsigned int	hib_count;
} hash_info_bucket_t;
typedef hash_info_bucket_t	*hash_info_bucket_array_t;

#endif
