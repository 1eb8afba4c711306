/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The entries that refer to an object, and which of its pages they cover.
 *
 * Most objects have one entry, or a few: a list.  When there are many they are in a tree instead, by
 * the first page of each; its nodes know the end of what is covered in their subtree.  So nobody
 * has to look at all of them, and pages that no entry covers are always found.
 */
#include <vm/object_family.h>

static struct vm_map_entry *entry_of(struct rb_node *node)
{
	return container_of(node, struct vm_map_entry, object_node);
}

static uint32_t end_of(const struct vm_map_entry *entry)
{
	return entry->index + vm_entry_pages(entry);
}

/* --- The tree ------------------------------------------------------------------------------- */

static uint32_t covered_below(struct rb_node *node)
{
	return node == NULL ? 0 : entry_of(node)->covered_end;
}

static bool update_end(struct rb_node *node)
{
	struct vm_map_entry *entry = entry_of(node);
	uint32_t left = covered_below(node->child[RB_LEFT]);
	uint32_t right = covered_below(node->child[RB_RIGHT]);
	uint32_t before = entry->covered_end, end = end_of(entry);

	if (left > end)
		end = left;
	if (right > end)
		end = right;
	entry->covered_end = end;
	return end != before;
}

static void plant(struct vm_object *object, struct vm_map_entry *entry)
{
	struct rb_node *parent = NULL, **place = &object->entry_tree.root;

	while (*place != NULL) {
		parent = *place;
		place = &parent->child[entry->index < entry_of(parent)->index ? RB_LEFT : RB_RIGHT];
	}
	rb_insert(&object->entry_tree, &entry->object_node, parent, place);
}

static void make_tree(struct vm_object *object)
{
	struct queue list;
	struct queue_link *link;

	queue_init(&list);
	while ((link = queue_take_first(&object->entries)) != NULL)
		queue_insert_tail(&list, link);
	rb_tree_init(&object->entry_tree, update_end);
	object->has_tree = true;
	while ((link = queue_take_first(&list)) != NULL)
		plant(object, container_of(link, struct vm_map_entry, object_link));
}

static void make_list(struct vm_object *object)
{
	struct queue list;
	struct queue_link *link;

	queue_init(&list);
	while (!rb_empty(&object->entry_tree)) {
		struct vm_map_entry *entry = entry_of(object->entry_tree.root);

		rb_remove(&object->entry_tree, &entry->object_node);
		queue_insert_tail(&list, &entry->object_link);
	}
	queue_init(&object->entries);
	object->has_tree = false;
	while ((link = queue_take_first(&list)) != NULL)
		queue_insert_tail(&object->entries, link);
}

/* The entry of a subtree that begins first of those that end behind `first`, or NULL. */
static struct vm_map_entry *first_behind(struct rb_node *node, uint32_t first)
{
	while (covered_below(node) > first) {
		if (covered_below(node->child[RB_LEFT]) > first)
			node = node->child[RB_LEFT];
		else if (end_of(entry_of(node)) > first)
			return entry_of(node);
		else
			node = node->child[RB_RIGHT];
	}
	return NULL;
}

/* The next of these. */
static struct vm_map_entry *next_behind(struct vm_map_entry *entry, uint32_t first)
{
	struct rb_node *node = &entry->object_node, *from;

	for (;;) {
		if (covered_below(node->child[RB_RIGHT]) > first)
			return first_behind(node->child[RB_RIGHT], first);
		do {
			from = node;
			node = node->parent;
		} while (node != NULL && node->child[RB_RIGHT] == from);
		if (node == NULL || end_of(entry_of(node)) > first)
			return node == NULL ? NULL : entry_of(node);
	}
}

bool vm_object_tree_covers(const struct vm_object *object, const struct vm_map_entry *except,
			   uint32_t first, uint32_t end)
{
	struct vm_map_entry *entry = first_behind(object->entry_tree.root, first);

	if (entry != NULL && entry == except)
		entry = next_behind(entry, first);
	return entry != NULL && entry->index < end;
}

/* Of those that begin early enough, does one end late enough? */
bool vm_object_tree_has_cover(const struct vm_object *object, uint32_t first, uint32_t end)
{
	struct rb_node *node = object->entry_tree.root;

	while (node != NULL) {
		const struct vm_map_entry *entry = entry_of(node);

		if (entry->index > first) {
			node = node->child[RB_LEFT];
			continue;
		}
		if (end_of(entry) >= end || covered_below(node->child[RB_LEFT]) >= end)
			return true;
		node = node->child[RB_RIGHT];
	}
	return false;
}

/* --- Coming and going ------------------------------------------------------------------------ */

void vm_object_plant(struct vm_object *object, struct vm_map_entry *entry)
{
	if (!object->has_tree)
		make_tree(object);
	plant(object, entry);
}

void vm_object_uproot(struct vm_object *object, struct vm_map_entry *entry)
{
	rb_remove(&object->entry_tree, &entry->object_node);
	if (object->entry_count <= OBJECT_LIST_MAX / 2)
		make_list(object);
}

void vm_object_entry_shrunk(struct vm_map_entry *entry)
{
	struct vm_object *object = entry->object;

	assert_locked(object->lock);
	if (object->has_tree)
		rb_update_path(&object->entry_tree, &entry->object_node);
}
