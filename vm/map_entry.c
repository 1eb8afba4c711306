/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries of a map in order: a tree by address, in which each node knows the widest gap of its
 * subtree, and a list.
 */
#include <vm/map_entry.h>

#include <kern/slab.h>

static struct slab_cache entry_cache;

void vm_entry_init(void)
{
	slab_cache_init(&entry_cache, "vm_map_entry", sizeof(struct vm_map_entry), 0);
}

struct vm_map_entry *vm_entry_alloc(void)
{
	return slab_zalloc(&entry_cache);
}

/* One that becomes a part of another: it gets all that that has. */
static struct vm_map_entry *part_alloc(void)
{
	return slab_alloc(&entry_cache);
}

void vm_entry_free(struct vm_map_entry *entry)
{
	assert(entry->object == NULL && !entry->wired);
	slab_free(&entry_cache, entry);
}

uint32_t vm_entry_count(void)
{
	return entry_cache.live;
}

/* --- Order ----------------------------------------------------------------------- */

static struct vm_map_entry *entry_of(struct rb_node *node)
{
	return container_of(node, struct vm_map_entry, node);
}

static struct vm_map_entry *entry_at(const struct vm_map *map, struct queue_link *link)
{
	return link == &map->entries.head ? NULL : container_of(link, struct vm_map_entry, link);
}

struct vm_map_entry *vm_entry_next(const struct vm_map *map, const struct vm_map_entry *entry)
{
	return entry_at(map, entry->link.next);
}

static struct vm_map_entry *entry_prev(const struct vm_map *map, const struct vm_map_entry *entry)
{
	return entry_at(map, entry->link.prev);
}

/* Nothing is in the gap below an entry: what ends first above an address there is known, too. */
struct vm_map_entry *vm_map_find(struct vm_map *map, vm_offset_t addr)
{
	struct vm_map_entry *found = map->hint;
	struct rb_node *node = map->tree.root;

	assert(mutex_held(&map->lock));
	if (found != NULL && addr < found->end && addr >= found->start - found->gap)
		return found;
	found = NULL;
	while (node != NULL) {
		struct vm_map_entry *entry = entry_of(node);

		if (addr >= entry->end) {
			node = node->child[RB_RIGHT];
			continue;
		}
		found = entry;
		if (addr >= entry->start)
			break;
		node = node->child[RB_LEFT];
	}
	map->hint = found;
	return found;
}

struct vm_map_entry *vm_map_lookup(struct vm_map *map, vm_offset_t addr)
{
	struct vm_map_entry *entry = vm_map_find(map, addr);

	return entry != NULL && entry->start <= addr ? entry : NULL;
}

/* --- Gaps --------------------------------------------------------------------------- */

static vm_size_t widest_below(const struct rb_node *node)
{
	return node == NULL ? 0 : container_of(node, struct vm_map_entry, node)->widest;
}

static bool update_widest(struct rb_node *node)
{
	struct vm_map_entry *entry = entry_of(node);
	vm_size_t left = widest_below(node->child[RB_LEFT]);
	vm_size_t right = widest_below(node->child[RB_RIGHT]);
	vm_size_t before = entry->widest, widest = entry->gap;

	if (left > widest)
		widest = left;
	if (right > widest)
		widest = right;
	entry->widest = widest;
	return widest != before;
}

void vm_entry_tree_init(struct vm_map *map)
{
	rb_tree_init(&map->tree, update_widest);
	queue_init(&map->entries);
}

/* Compute the gap below an entry anew.  Those who change its neighbour below call this. */
static void set_gap(const struct vm_map *map, struct vm_map_entry *entry)
{
	const struct vm_map_entry *below = entry_prev(map, entry);
	vm_offset_t from = below != NULL ? below->end : 0;

	if (from < VM_MAP_LOWEST)
		from = VM_MAP_LOWEST;
	entry->gap = entry->start > from ? entry->start - from : 0;
}

static void update_gap(struct vm_map *map, struct vm_map_entry *entry)
{
	vm_size_t before;

	if (entry == NULL)
		return;
	before = entry->gap;
	set_gap(map, entry);
	if (entry->gap != before)
		rb_update_path(&map->tree, &entry->node);
}

/* The lowest entry of a subtree with a gap of that size; there is one. */
static struct vm_map_entry *lowest_gap(struct rb_node *node, vm_size_t size)
{
	for (;;) {
		if (widest_below(node->child[RB_LEFT]) >= size)
			node = node->child[RB_LEFT];
		else if (entry_of(node)->gap >= size)
			return entry_of(node);
		else
			node = node->child[RB_RIGHT];
	}
}

/* The next entry above with a gap of that size, or NULL. */
static struct vm_map_entry *next_gap(struct vm_map_entry *entry, vm_size_t size)
{
	struct rb_node *node = &entry->node, *from;

	for (;;) {
		if (widest_below(node->child[RB_RIGHT]) >= size)
			return lowest_gap(node->child[RB_RIGHT], size);
		do {
			from = node;
			node = node->parent;
		} while (node != NULL && node->child[RB_RIGHT] == from);
		if (node == NULL)
			return NULL;
		if (entry_of(node)->gap >= size)
			return entry_of(node);
	}
}

/* Is there room in [from, end), at an address that has no bit of the mask?  Sets *start. */
static bool fits(vm_offset_t from, vm_offset_t end, vm_size_t size, vm_offset_t mask,
		 vm_offset_t *start)
{
	vm_offset_t aligned = (from + mask) & ~mask;

	if (aligned < from || aligned > end || end - aligned < size)
		return false;
	*start = aligned;
	return true;
}

/* The entry above what is found is the hint then. */
static kern_return_t find_gap(struct vm_map *map, vm_offset_t *start, vm_size_t size,
			      vm_offset_t mask)
{
	const struct vm_map_entry *last = entry_at(map, map->entries.head.prev);
	vm_offset_t from = last != NULL && last->end > VM_MAP_LOWEST ? last->end : VM_MAP_LOWEST;
	struct vm_map_entry *entry = NULL;
	uint32_t count = 0;

	if (widest_below(map->tree.root) >= size)
		entry = lowest_gap(map->tree.root, size);
	for (; entry != NULL; entry = next_gap(entry, size)) {
		map->hint = entry;
		if (fits(entry->start - entry->gap, entry->start, size, mask, start))
			return KERN_SUCCESS;
		if (++count % MAP_BATCH == 0)
			preemption_point();
	}
	return fits(from, VM_USER_MAX, size, mask, start) ? KERN_SUCCESS : KERN_NO_SPACE;
}

static kern_return_t check_fixed(struct vm_map *map, vm_offset_t start, vm_size_t size,
				 vm_offset_t mask)
{
	const struct vm_map_entry *entry;

	if (start >= VM_USER_MAX || size > VM_USER_MAX - start)
		return KERN_INVALID_ADDRESS;
	entry = vm_map_find(map, start);
	if ((start & mask) != 0 || (entry != NULL && entry->start < start + size))
		return KERN_NO_SPACE;
	return KERN_SUCCESS;
}

kern_return_t vm_map_find_room(struct vm_map *map, vm_offset_t *start, vm_size_t size,
			       vm_offset_t mask, bool anywhere, vm_size_t charge)
{
	kern_return_t kr;

	if ((mask & (mask + 1)) != 0)
		return KERN_NO_SPACE;
	mask |= PAGE_OFFSET_MASK;
	kr = anywhere ? find_gap(map, start, size, mask) : check_fixed(map, *start, size, mask);
	if (kr != KERN_SUCCESS)
		return kr;
	if (map->dead || (charge > 0 && (map->size_charged > map->limit ||
					 charge > map->limit - map->size_charged)))
		return KERN_NO_SPACE;
	return KERN_SUCCESS;
}

bool vm_map_has_room(const struct vm_map *map, uint32_t entries)
{
	return map->entry_count < map->entry_limit &&
	       map->entry_limit - map->entry_count >= entries;
}

/* --- Coming and going -------------------------------------------------------------------- */

void vm_map_charge(struct vm_map *map, const struct vm_map_entry *entry)
{
	map->size += vm_entry_size(entry);
	if (vm_entry_counts(entry))
		map->size_charged += vm_entry_size(entry);
	if (entry->wired)
		map->size_wired += vm_entry_size(entry);
}

void vm_map_discharge(struct vm_map *map, const struct vm_map_entry *entry)
{
	assert(map->size >= vm_entry_size(entry));
	map->size -= vm_entry_size(entry);
	if (vm_entry_counts(entry))
		map->size_charged -= vm_entry_size(entry);
	if (entry->wired)
		map->size_wired -= vm_entry_size(entry);
}

/* Where a node between two neighbours hangs: at one of them there is room.  Either may be NULL. */
static struct rb_node **free_place(struct vm_map *map, struct vm_map_entry *below,
				   struct vm_map_entry *above, struct rb_node **parent)
{
	*parent = NULL;
	if (above != NULL && above->node.child[RB_LEFT] == NULL) {
		*parent = &above->node;
		return &above->node.child[RB_LEFT];
	}
	if (below == NULL)
		return &map->tree.root;
	*parent = &below->node;
	return &below->node.child[RB_RIGHT];
}

/* Put an entry behind the one below it, NULL for none. */
static void insert_behind(struct vm_map *map, struct vm_map_entry *below,
			  struct vm_map_entry *entry)
{
	struct queue_link *before = below != NULL ? &below->link : &map->entries.head;
	struct vm_map_entry *above = entry_at(map, before->next);
	struct rb_node *parent, **place = free_place(map, below, above, &parent);

	queue_insert_after(before, &entry->link);
	map->entry_count++;
	set_gap(map, entry);
	rb_insert(&map->tree, &entry->node, parent, place);
	update_gap(map, above);
}

/* The neighbour below a place where nothing is, or NULL.  Many come behind all others. */
static struct vm_map_entry *entry_below(struct vm_map *map, vm_offset_t start)
{
	struct vm_map_entry *below = entry_at(map, map->entries.head.prev);

	if (below != NULL && below->start > start)
		below = entry_prev(map, vm_map_find(map, start));
	return below;
}

static void remove(struct vm_map *map, struct vm_map_entry *entry)
{
	struct vm_map_entry *above = vm_entry_next(map, entry);

	if (map->hint == entry)
		map->hint = NULL;
	queue_remove(&entry->link);
	map->entry_count--;
	rb_remove(&map->tree, &entry->node);
	update_gap(map, above);
}

void vm_map_link(struct vm_map *map, struct vm_map_entry *entry)
{
	assert(mutex_held(&map->lock));
	insert_behind(map, entry_below(map, entry->start), entry);
	vm_map_charge(map, entry);
	map->hint = entry;
}

void vm_map_unlink(struct vm_map *map, struct vm_map_entry *entry)
{
	assert(mutex_held(&map->lock));
	vm_map_discharge(map, entry);
	remove(map, entry);
}

/* --- Cutting and joining --------------------------------------------------------------------- */

/* Cut the entry that lies on both sides of an address. */
static kern_return_t cut(struct vm_map *map, vm_offset_t at)
{
	struct vm_map_entry *entry = vm_map_lookup(map, at), *upper;

	if (entry == NULL || entry->start == at)
		return KERN_SUCCESS;
	upper = vm_map_has_room(map, 1) ? part_alloc() : NULL;
	if (upper == NULL)
		return KERN_RESOURCE_SHORTAGE;
	vm_entry_split(entry, upper, at);
	insert_behind(map, entry, upper);
	return KERN_SUCCESS;
}

kern_return_t vm_map_clip(struct vm_map *map, vm_offset_t start, vm_offset_t end)
{
	const struct vm_map_entry *entry = vm_map_lookup(map, start);
	kern_return_t kr;

	/* Mostly what is given up is what was allocated. */
	if (entry != NULL && entry->start == start && entry->end == end)
		return KERN_SUCCESS;
	kr = cut(map, start);
	return kr != KERN_SUCCESS ? kr : cut(map, end);
}

static bool alike(const struct vm_map_entry *a, const struct vm_map_entry *b)
{
	return a->end == b->start && a->protection == b->protection &&
	       a->max_protection == b->max_protection && a->inheritance == b->inheritance &&
	       a->wired == b->wired && a->shared == b->shared;
}

/* Let an entry take over the one above, if they can be one. */
static bool join(struct vm_map *map, struct vm_map_entry *entry, struct vm_map_entry *above)
{
	if (!alike(entry, above) || !vm_entry_join(entry, above))
		return false;
	above->wired = false;
	remove(map, above);
	vm_entry_free(above);
	map->hint = entry;
	return true;
}

static void join_above(struct vm_map *map, struct vm_map_entry *entry)
{
	struct vm_map_entry *above = vm_entry_next(map, entry);

	if (above != NULL)
		join(map, entry, above);
}

void vm_map_add(struct vm_map *map, struct vm_map_entry *entry)
{
	struct vm_map_entry *below = entry_below(map, entry->start);

	vm_map_charge(map, entry);
	if (below != NULL && alike(below, entry) && vm_entry_join(below, entry)) {
		vm_entry_free(entry);
		entry = below;
		update_gap(map, vm_entry_next(map, below));
	} else {
		insert_behind(map, below, entry);
	}
	map->hint = entry;
	join_above(map, entry);
}

void vm_map_join_neighbours(struct vm_map *map, struct vm_map_entry *entry)
{
	struct vm_map_entry *below = entry_prev(map, entry);

	if (below != NULL && join(map, below, entry))
		entry = below;
	join_above(map, entry);
}

void vm_map_join(struct vm_map *map, vm_offset_t start, vm_offset_t end)
{
	struct vm_map_entry *entry = vm_map_find(map, start == 0 ? 0 : start - 1), *above;
	uint32_t count = 0;

	while (entry != NULL && entry->start < end &&
	       (above = vm_entry_next(map, entry)) != NULL) {
		if (!join(map, entry, above))
			entry = above;
		if (++count % MAP_BATCH == 0)
			preemption_point();
	}
}

void vm_map_unmap(struct vm_map *map, vm_offset_t start, vm_offset_t end)
{
	vm_offset_t stop;

	for (; start < end; start = stop) {
		stop = end - start > MAP_PMAP_BATCH ? start + MAP_PMAP_BATCH : end;
		pmap_remove(map->pmap, start, stop);
		if (stop < end)
			preemption_point();
	}
}

void vm_map_limit(struct vm_map *map, vm_offset_t start, vm_offset_t end, vm_prot_t access)
{
	vm_offset_t stop;

	for (; start < end; start = stop) {
		stop = end - start > MAP_PMAP_BATCH ? start + MAP_PMAP_BATCH : end;
		pmap_protect(map->pmap, start, stop, access);
		if (stop < end)
			preemption_point();
	}
}

/* Unmap and free an entry that is in the map's tree no more, but counts for its sizes. */
static void let_go(struct vm_map *map, struct vm_map_entry *entry)
{
	if (entry->wired)
		vm_entry_unwire(map, entry);
	vm_map_discharge(map, entry);
	if (entry->mapped)
		vm_map_unmap(map, entry->start, entry->end);
	vm_entry_detach(entry);
	vm_entry_free(entry);
}

void vm_map_remove(struct vm_map *map, vm_offset_t start, vm_offset_t end)
{
	struct vm_map_entry *entry = vm_map_find(map, start), *next;
	uint32_t count = 0;

	for (; entry != NULL && entry->start < end; entry = next) {
		next = vm_entry_next(map, entry);
		assert(entry->start >= start && entry->end <= end);
		remove(map, entry);
		let_go(map, entry);
		if (++count % MAP_BATCH == 0)
			preemption_point();
	}
}

void vm_map_remove_all(struct vm_map *map)
{
	struct queue_link *link;
	struct queue entries;
	uint32_t count = 0;

	assert(mutex_held(&map->lock));
	queue_init(&entries);
	queue_move_all(&entries, &map->entries);
	map->tree.root = NULL;
	map->hint = NULL;
	map->entry_count = 0;
	while ((link = queue_take_first(&entries)) != NULL) {
		let_go(map, container_of(link, struct vm_map_entry, link));
		if (++count % MAP_BATCH == 0)
			preemption_point();
	}
}

/* Cut one end off an entry, which stays where it is in the tree; returns that end, or NULL. */
static struct vm_map_entry *cut_off(struct vm_map *map, struct vm_map_entry *entry,
				    vm_offset_t start, vm_offset_t end)
{
	struct vm_map_entry *part = part_alloc();

	if (part == NULL)
		return NULL;
	if (end == entry->end) {
		vm_entry_split(entry, part, start);
		update_gap(map, vm_entry_next(map, entry));
	} else {
		vm_entry_split_below(entry, part, end);
		update_gap(map, entry);
	}
	return part;
}

bool vm_map_remove_simple(struct vm_map *map, vm_offset_t start, vm_offset_t end)
{
	struct vm_map_entry *entry = vm_map_lookup(map, start);

	if (entry == NULL || end > entry->end || (start > entry->start && end < entry->end))
		return false;
	if (vm_entry_size(entry) == end - start)
		remove(map, entry);
	else
		entry = cut_off(map, entry, start, end);
	if (entry == NULL)
		return false;
	let_go(map, entry);
	return true;
}

kern_return_t vm_map_check(struct vm_map *map, vm_offset_t start, vm_offset_t end,
			   vm_prot_t access)
{
	const struct vm_map_entry *entry = vm_map_lookup(map, start);
	uint32_t count = 0;

	for (;; entry = vm_entry_next(map, entry)) {
		if (++count % MAP_BATCH == 0)
			preemption_point();
		if (entry == NULL || entry->start > start)
			return KERN_INVALID_ADDRESS;
		if ((vm_entry_access(entry) & access) != access)
			return KERN_PROTECTION_FAILURE;
		start = entry->end;
		if (start >= end)
			return KERN_SUCCESS;
	}
}
