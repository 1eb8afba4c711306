/* SPDX-License-Identifier: BSD-2-Clause */
/* Control registers, model-specific registers and CPUID, as in the Intel manual, volume 3. */
#ifndef I386_CPU_H
#define I386_CPU_H

#include <stdint.h>

#define CR0_PE		0x00000001u
#define CR0_MP		0x00000002u
#define CR0_EM		0x00000004u
#define CR0_TS		0x00000008u
#define CR0_NE		0x00000020u
#define CR0_WP		0x00010000u
#define CR0_AM		0x00040000u
#define CR0_NW		0x20000000u
#define CR0_CD		0x40000000u
#define CR0_PG		0x80000000u

#define CR4_TSD		0x00000004u
#define CR4_PAE		0x00000020u
#define CR4_PGE		0x00000080u
#define CR4_OSFXSR	0x00000200u
#define CR4_OSXMMEXCPT	0x00000400u
#define CR4_OSXSAVE	0x00040000u
#define CR4_SMEP	0x00100000u
#define CR4_SMAP	0x00200000u

#define MSR_EFER	0xC0000080u
#define EFER_NXE	0x00000800u

/* CPUID leaf 1, edx and ecx. */
#define CPUID_FPU	(1u << 0)
#define CPUID_TSC	(1u << 4)
#define CPUID_MSR	(1u << 5)
#define CPUID_PAE	(1u << 6)
#define CPUID_CX8	(1u << 8)
#define CPUID_SEP	(1u << 11)
#define CPUID_PGE	(1u << 13)
#define CPUID_CMOV	(1u << 15)
#define CPUID_FXSR	(1u << 24)
#define CPUID_SSE	(1u << 25)
#define CPUID_C_XSAVE	(1u << 26)

/* Leaf 7, ebx; leaf 0x80000001, edx. */
#define CPUID_7_SMEP	(1u << 7)
#define CPUID_7_SMAP	(1u << 20)
#define CPUID_X_NX	(1u << 20)

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf)
{
	struct cpuid r;

	__asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "0"(leaf), "2"(0));
	return r;
}

static inline uint64_t rdtsc(void)
{
	uint64_t value;

	__asm__ volatile("rdtsc" : "=A"(value));
	return value;
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint64_t value;

	__asm__ volatile("rdmsr" : "=A"(value) : "c"(msr));
	return value;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" : : "A"(value), "c"(msr));
}

static inline uint32_t cr0_read(void)
{
	uint32_t value;

	__asm__ volatile("movl %%cr0, %0" : "=r"(value));
	return value;
}

static inline void cr0_write(uint32_t value)
{
	__asm__ volatile("movl %0, %%cr0" : : "r"(value) : "memory");
}

static inline uint32_t cr2_read(void)
{
	uint32_t value;

	__asm__ volatile("movl %%cr2, %0" : "=r"(value));
	return value;
}

static inline uint32_t cr3_read(void)
{
	uint32_t value;

	__asm__ volatile("movl %%cr3, %0" : "=r"(value));
	return value;
}

static inline void cr3_write(uint32_t value)
{
	__asm__ volatile("movl %0, %%cr3" : : "r"(value) : "memory");
}

static inline uint32_t cr4_read(void)
{
	uint32_t value;

	__asm__ volatile("movl %%cr4, %0" : "=r"(value));
	return value;
}

static inline void cr4_write(uint32_t value)
{
	__asm__ volatile("movl %0, %%cr4" : : "r"(value) : "memory");
}

static inline void invlpg(uint32_t va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

/*
 * Find out what this processor has: fills machine_info.  What the kernel cannot do
 * without was checked in i386/boot_check.c.
 */
void cpu_identify(void);

/* The bits of CR4 for what machine_info says, without CR4_PGE. */
uint32_t cpu_cr4_features(void);

#endif /* I386_CPU_H */
