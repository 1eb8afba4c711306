/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/map_check.h>

#include <tests/unit/fakes.h>
#include <tests/unit/fakes_pmap.h>
#include <vm/map_entry.h>
#include <vm/object_family.h>

static void check_page(const struct vm_object *object, const struct vm_page *page)
{
	kernel_must(page->state == PAGE_OBJECT && page->object == object);
	kernel_must(page->offset >= object->first && page->offset < object->end);
	kernel_must(vm_object_page(object, page->offset) == page);
}

static void check_object_pages(const struct vm_object *object)
{
	uint32_t resident = 0, wirings = 0;

	queue_for_each(link, &object->pages) {
		const struct vm_page *page = container_of(link, struct vm_page, link);

		check_page(object, page);
		wirings += page->wire_count;
		resident++;
	}
	kernel_must(resident == object->resident && wirings == object->wirings);
}

static void check_object_entry(const struct vm_object *object, const struct vm_map_entry *e)
{
	kernel_must(e->object == object);
	kernel_must(e->index >= object->first && e->index + vm_entry_pages(e) <= object->end);
}

/* Each node knows what its subtree covers. */
static void check_entry_tree(const struct vm_object *object)
{
	uint32_t count = 0;

	kernel_must(rb_valid(&object->entry_tree));
	for (struct rb_node *n = rb_first(&object->entry_tree); n != NULL; n = rb_next(n)) {
		const struct vm_map_entry *e = container_of(n, struct vm_map_entry, object_node);
		const struct vm_map_entry *next = NULL;
		uint32_t end = e->index + vm_entry_pages(e);

		if (rb_next(n) != NULL)
			next = container_of(rb_next(n), struct vm_map_entry, object_node);
		check_object_entry(object, e);
		kernel_must(next == NULL || e->index <= next->index);
		for (int side = RB_LEFT; side <= RB_RIGHT; side++)
			if (n->child[side] != NULL) {
				uint32_t below = container_of(n->child[side], struct vm_map_entry,
							      object_node)->covered_end;

				end = below > end ? below : end;
			}
		kernel_must(e->covered_end == end);
		count++;
	}
	kernel_must(count == object->entry_count);
}

static void check_entry_list(const struct vm_object *object)
{
	uint32_t count = 0;

	queue_for_each(link, &object->entries) {
		const struct vm_map_entry *e = container_of(link, struct vm_map_entry, object_link);

		check_object_entry(object, e);
		count++;
	}
	kernel_must(count == object->entry_count);
}

static void check_object(const struct vm_object *object)
{
	uint32_t snapshots = 0;

	queue_for_each(link, &object->snapshots) {
		const struct vm_object *s = container_of(link, struct vm_object, sibling_link);

		kernel_must(s->shadow == object && s->lock == object->lock);
		kernel_must(s->height < object->height);
		kernel_must(s->first >= object->first && s->end <= object->end);
		snapshots++;
	}
	kernel_must(object->holds == 0 && !object->dissolving);
	kernel_must(object->entry_count > 0 || snapshots >= (object->pager == NULL ? 2 : 1));
	kernel_must(object->pager == NULL || (object->shadow == NULL && !object->frozen));
	kernel_must(object->frozen || object->pager != NULL || object->entry_count > 0);
	kernel_must(object->frozen || snapshots <= 1);
	kernel_must(object->height <= OBJECT_HEIGHT_MAX + 1);
	check_object_pages(object);
	if (object->has_tree)
		check_entry_tree(object);
	else
		check_entry_list(object);
}

/* What may be mapped of the entry now, and how. */
static void check_mapping(const struct vm_map_entry *entry, const struct fake_mapping *f)
{
	const struct vm_object *object = entry->object;
	uint32_t index = vm_entry_index(entry, f->va);
	const struct vm_page *page = vm_page_from_phys(f->pa);

	kernel_must(object != NULL && entry->mapped);
	kernel_must((f->prot & VM_PROT_WRITE) == 0 ||
		(index >= object->writable_first && index < object->writable_end));
	kernel_must(page == vm_object_view(object, index));
	kernel_must((f->prot & page->paging) == 0);
	if ((f->prot & VM_PROT_WRITE) != 0)
		kernel_must(page->object == object && !object->frozen &&
			vm_object_viewer(object, index) == NULL);
}

static void check_wired(const struct vm_map_entry *entry)
{
	for (uint32_t i = 0; i < vm_entry_pages(entry); i++) {
		const struct vm_page *page = vm_object_page(entry->object, entry->index + i);

		kernel_must(page != NULL && page->wire_count > 0);
		kernel_must(vm_object_viewer(entry->object, entry->index + i) == NULL);
	}
}

static void check_entry(const struct vm_map_entry *entry)
{
	const struct vm_object *object = entry->object;

	kernel_must(entry->start < entry->end && (entry->start | entry->end) % PAGE_BYTES == 0);
	kernel_must(!entry->wiring);
	if (object == NULL) {
		kernel_must(!entry->wired);
		return;
	}
	spin_lock(object->lock);
	for (const struct vm_object *o = object; o != NULL; o = o->shadow)
		check_object(o);
	if (entry->wired)
		check_wired(entry);
	spin_unlock(object->lock);
}

static vm_size_t check_gaps(const struct vm_map *map)
{
	vm_offset_t from = VM_MAP_LOWEST;
	vm_size_t widest = 0;

	queue_for_each(link, &map->entries) {
		const struct vm_map_entry *e = container_of(link, struct vm_map_entry, link);
		vm_size_t gap = e->start > from ? e->start - from : 0;

		kernel_must(e->gap == gap);
		if (gap > widest)
			widest = gap;
		if (e->end > from)
			from = e->end;
	}
	return widest;
}

static void check_mappings(struct vm_map *map)
{
	for (const struct fake_mapping *f = map->pmap->mappings; f != NULL; f = f->next) {
		struct vm_map_entry *entry = vm_map_lookup(map, f->va);

		kernel_must(entry != NULL && entry->object != NULL);
		spin_lock(entry->object->lock);
		check_mapping(entry, f);
		spin_unlock(entry->object->lock);
	}
}

void map_check(struct vm_map *map)
{
	vm_size_t widest;

	mutex_lock(&map->lock);
	kernel_must(rb_valid(&map->tree));
	widest = check_gaps(map);
	if (map->tree.root != NULL)
		kernel_must(container_of(map->tree.root, struct vm_map_entry, node)->widest == widest);
	queue_for_each(link, &map->entries)
		check_entry(container_of(link, struct vm_map_entry, link));
	check_mappings(map);
	mutex_unlock(&map->lock);
}
