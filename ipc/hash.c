/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reverse hash of a space, by linear hashing: with b buckets and 2^k <= b < 2^(k+1),
 * an object's bucket is its hash modulo 2^(k+1) if that is below b, else modulo 2^k.
 * Adding bucket b splits bucket b - 2^k, and no other.
 */
#include <ipc/space.h>

#include <ipc/account.h>
#include <kern/slab.h>

static uint32_t hash_object(const struct ipc_object *object)
{
	/* Objects are at least 32 bytes apart; a multiplication spreads the rest. */
	return (uint32_t)(((uintptr_t)object >> 5) * 2654435761u) >> 8;
}

static uint32_t hash_bucket(const struct ipc_hash *hash, const struct ipc_object *object)
{
	uint32_t top = 1u << (31 - __builtin_clz(hash->buckets));
	uint32_t h = hash_object(object) & (2 * top - 1);

	return h < hash->buckets ? h : h & (top - 1);
}

static struct ipc_entry **hash_place(const struct ipc_hash *hash, uint32_t bucket)
{
	if (bucket < HASH_INLINE)
		return (struct ipc_entry **)&hash->first[bucket];
	return &hash->pages[bucket / HASH_PAGE_BUCKETS][bucket % HASH_PAGE_BUCKETS];
}

struct ipc_entry *ipc_hash_lookup(const struct ipc_hash *hash, const struct ipc_object *object)
{
	struct ipc_entry *entry = *hash_place(hash, hash_bucket(hash, object));

	while (entry != NULL && entry->object != object)
		entry = entry->hash_next;
	return entry;
}

static void *paid_kalloc(struct ipc_hash *hash, uint32_t size)
{
	void *p;

	if (!ipc_account_charge(hash->account, size))
		return NULL;
	p = kalloc(size);
	if (p == NULL)
		ipc_account_uncharge(hash->account, size);
	return p;
}

static void paid_kfree(struct ipc_hash *hash, void *p, uint32_t size)
{
	kfree(p, size);
	ipc_account_uncharge(hash->account, size);
}

/* Memory for bucket number `bucket`; false when there is none. */
static bool hash_page_ensure(struct ipc_hash *hash, uint32_t bucket)
{
	struct ipc_entry ***page;

	if (bucket < HASH_INLINE)
		return true;
	if (bucket >= HASH_PAGES_MAX * HASH_PAGE_BUCKETS)
		return false;
	if (hash->pages == NULL) {
		hash->pages = paid_kalloc(hash, HASH_PAGES_MAX * sizeof(*hash->pages));
		if (hash->pages == NULL)
			return false;
		for (uint32_t i = 0; i < HASH_PAGES_MAX; i++)
			hash->pages[i] = NULL;
	}
	page = &hash->pages[bucket / HASH_PAGE_BUCKETS];
	if (*page == NULL)
		*page = paid_kalloc(hash, HASH_PAGE_BUCKETS * sizeof(**page));
	return *page != NULL;
}

/* Add one bucket and move to it what belongs there.  Without memory the chains get longer. */
static void hash_split(struct ipc_hash *hash)
{
	uint32_t bucket = hash->buckets;
	uint32_t from = bucket - (1u << (31 - __builtin_clz(bucket)));
	struct ipc_entry *chain, *next;

	if (!hash_page_ensure(hash, bucket))
		return;
	chain = *hash_place(hash, from);
	*hash_place(hash, from) = NULL;
	*hash_place(hash, bucket) = NULL;
	hash->buckets++;
	for (; chain != NULL; chain = next) {
		struct ipc_entry **place = hash_place(hash, hash_bucket(hash, chain->object));

		next = chain->hash_next;
		chain->hash_next = *place;
		*place = chain;
	}
}

void ipc_hash_insert(struct ipc_hash *hash, struct ipc_entry *entry)
{
	struct ipc_entry **place;

	assert(ipc_hash_lookup(hash, entry->object) == NULL);
	if (hash->count >= 2 * hash->buckets)
		hash_split(hash);
	place = hash_place(hash, hash_bucket(hash, entry->object));
	entry->hash_next = *place;
	*place = entry;
	hash->count++;
}

void ipc_hash_remove(struct ipc_hash *hash, struct ipc_entry *entry)
{
	struct ipc_entry **place = hash_place(hash, hash_bucket(hash, entry->object));

	while (*place != entry) {
		assert(*place != NULL);
		place = &(*place)->hash_next;
	}
	*place = entry->hash_next;
	entry->hash_next = NULL;
	hash->count--;
}

void ipc_hash_destroy(struct ipc_hash *hash)
{
	assert(hash->count == 0);
	if (hash->pages == NULL)
		return;
	for (uint32_t i = 0; i < HASH_PAGES_MAX; i++)
		if (hash->pages[i] != NULL)
			paid_kfree(hash, hash->pages[i], HASH_PAGE_BUCKETS * sizeof(**hash->pages));
	paid_kfree(hash, hash->pages, HASH_PAGES_MAX * sizeof(*hash->pages));
}

uint32_t ipc_hash_memory(const struct ipc_hash *hash)
{
	uint32_t bytes = 0;

	if (hash->pages == NULL)
		return 0;
	for (uint32_t i = 0; i < HASH_PAGES_MAX; i++)
		if (hash->pages[i] != NULL)
			bytes += HASH_PAGE_BUCKETS * sizeof(**hash->pages);
	return bytes + HASH_PAGES_MAX * sizeof(*hash->pages);
}
