/* Lines of a computation with a carry flag: PTX for NVIDIA's compilers, or (EMULATE_PTX) the same in C, so that the very
 * text of a schedule is tested without a GPU.
 *
 * A chain begins with a line ending in 1, goes on with lines ending in C and ends with one ending in E or N, or CARRY.
 * Chains do not leave an asm statement: the carry flag is not kept between two. ptxas makes one IMAD.WIDE of the two
 * halves of a product where its pair of registers is aligned.
 *
 *   MUL(lo, hi, a, b)    (hi, lo) = a b
 *   MAD1, MADC, MADE     (hi, lo) += a b + carry in; of MADE no carry comes out
 *   MADN                 (hi, lo) = lo + a b + carry in: hi is new, no carry comes out
 *   MADS                 the same, a chain of its own
 *   MULE                 (hi, lo) = a b + carry in
 *   MUL_LOW(d, a, b)     d = a b mod 2^32
 *   ADD1, ADDC, ADDE     d = a + b + carry in; SUB1, SUBC, SUBE: d = a - b - borrow in
 *   CARRY(d)             d = carry in
 *   MOV, ADD, AND, NEG   without the flag
 *
 * Names of registers: a0..a7, b0..b7 (inputs), t0..t15 (t0..t7 are the result), e0..e15, o0..o14, u0..u7, x8, x9, c. */
#ifndef VL_FIELD_CARRY_CHAINS_H
#define VL_FIELD_CARRY_CHAINS_H

/* clang-format off */
#ifdef EMULATE_PTX
#define SPLIT_(x, d) s_ = (x); d = (u32)s_; flag_ = (u32)(s_ >> 32);
#define TIMES_(a, b) p_ = (u64)(a) * (b);
#define LOW_ (u64)(u32)p_
#define HIGH_ (p_ >> 32)
/* A chain that uses the flag after its end gets nonsense; one that loses a carry is a broken bound. */
#define POISON_ 0x55555555u
#define END_ flag_ = POISON_;
#define NO_CARRY_ VERIFY_CHECK(flag_ == 0); END_
#define MUL(lo, hi, a, b) TIMES_(a, b) lo = (u32)p_; hi = (u32)HIGH_;
#define MAD1(lo, hi, a, b) TIMES_(a, b) SPLIT_(LOW_ + lo, lo) SPLIT_(HIGH_ + hi + flag_, hi)
#define MADC(lo, hi, a, b) TIMES_(a, b) SPLIT_(LOW_ + lo + flag_, lo) SPLIT_(HIGH_ + hi + flag_, hi)
#define MADE(lo, hi, a, b) MADC(lo, hi, a, b) NO_CARRY_
#define MADN(lo, hi, a, b) TIMES_(a, b) SPLIT_(LOW_ + lo + flag_, lo) SPLIT_(HIGH_ + flag_, hi) NO_CARRY_
#define MADS(lo, hi, a, b) TIMES_(a, b) SPLIT_(LOW_ + lo, lo) SPLIT_(HIGH_ + flag_, hi) NO_CARRY_
#define MULE(lo, hi, a, b) TIMES_(a, b) SPLIT_(LOW_ + flag_, lo) SPLIT_(HIGH_ + flag_, hi) NO_CARRY_
#define MUL_LOW(d, a, b) d = (a) * (u32)(b);
#define CARRY(d) d = flag_; END_
#define ADD1(d, a, b) SPLIT_((u64)(a) + (b), d)
#define ADDC(d, a, b) SPLIT_((u64)(a) + (b) + flag_, d)
#define ADDE(d, a, b) d = (u32)(a) + (u32)(b) + flag_; END_
#define SUB1(d, a, b) s_ = (u64)(a) - (b); d = (u32)s_; flag_ = (u32)(s_ >> 63);
#define SUBC(d, a, b) s_ = (u64)(a) - (b) - flag_; d = (u32)s_; flag_ = (u32)(s_ >> 63);
#define SUBE(d, a, b) d = (u32)(a) - (u32)(b) - flag_; END_
#define MOV(d, a) d = a;
#define ADD(d, a, b) d = (a) + (b);
#define AND(d, a, b) d = (a) & (b);
#define NEG(d, a) d = 0u - (a);

#define R_(name) name __attribute__((unused)) = 0
#define REGISTERS_ \
    u32 R_(a0), R_(a1), R_(a2), R_(a3), R_(a4), R_(a5), R_(a6), R_(a7), R_(b0), R_(b1), R_(b2), R_(b3), R_(b4), R_(b5), \
        R_(b6), R_(b7), R_(e0), R_(e1), R_(e2), R_(e3), R_(e4), R_(e5), R_(e6), R_(e7), R_(e8), R_(e9), R_(e10), \
        R_(e11), R_(e12), R_(e13), R_(e14), R_(e15), R_(o0), R_(o1), R_(o2), R_(o3), R_(o4), R_(o5), R_(o6), R_(o7), \
        R_(o8), R_(o9), R_(o10), R_(o11), R_(o12), R_(o13), R_(o14), R_(t0), R_(t1), R_(t2), R_(t3), R_(t4), R_(t5), \
        R_(t6), R_(t7), R_(t8), R_(t9), R_(t10), R_(t11), R_(t12), R_(t13), R_(t14), R_(t15), R_(u0), R_(u1), R_(u2), \
        R_(u3), R_(u4), R_(u5), R_(u6), R_(u7), R_(x8), R_(x9), R_(c), flag_ __attribute__((unused)) = POISON_; \
    u64 R_(p_), R_(s_);
#define CHAINS_BEGIN1(a) { \
    REGISTERS_ \
    a0 = (a)[0]; a1 = (a)[1]; a2 = (a)[2]; a3 = (a)[3]; a4 = (a)[4]; a5 = (a)[5]; a6 = (a)[6]; a7 = (a)[7];
#define CHAINS_BEGIN2(a, b) CHAINS_BEGIN1(a) \
    b0 = (b)[0]; b1 = (b)[1]; b2 = (b)[2]; b3 = (b)[3]; b4 = (b)[4]; b5 = (b)[5]; b6 = (b)[6]; b7 = (b)[7];
#define CHAINS_END1(r, a) \
    (r)[0] = t0; (r)[1] = t1; (r)[2] = t2; (r)[3] = t3; (r)[4] = t4; (r)[5] = t5; (r)[6] = t6; (r)[7] = t7; }
#define CHAINS_END2(r, a, b) CHAINS_END1(r, a)
#else
#define LINE2_(op, d, a) #op " " #d "," #a ";\n\t"
#define LINE3_(op, d, a, b) #op " " #d "," #a "," #b ";\n\t"
#define LINE4_(op, d, a, b, c) #op " " #d "," #a "," #b "," #c ";\n\t"
#define MUL(low, high, a, b) LINE3_(mul.lo.u32, low, a, b) LINE3_(mul.hi.u32, high, a, b)
#define MAD1(low, high, a, b) LINE4_(mad.lo.cc.u32, low, a, b, low) LINE4_(madc.hi.cc.u32, high, a, b, high)
#define MADC(low, high, a, b) LINE4_(madc.lo.cc.u32, low, a, b, low) LINE4_(madc.hi.cc.u32, high, a, b, high)
#define MADE(low, high, a, b) LINE4_(madc.lo.cc.u32, low, a, b, low) LINE4_(madc.hi.u32, high, a, b, high)
#define MADN(low, high, a, b) LINE4_(madc.lo.cc.u32, low, a, b, low) LINE4_(madc.hi.u32, high, a, b, 0)
#define MADS(low, high, a, b) LINE4_(mad.lo.cc.u32, low, a, b, low) LINE4_(madc.hi.u32, high, a, b, 0)
#define MULE(low, high, a, b) LINE4_(madc.lo.cc.u32, low, a, b, 0) LINE4_(madc.hi.u32, high, a, b, 0)
#define MUL_LOW(d, a, b) LINE3_(mul.lo.u32, d, a, b)
#define CARRY(d) LINE3_(addc.u32, d, 0, 0)
#define ADD1(d, a, b) LINE3_(add.cc.u32, d, a, b)
#define ADDC(d, a, b) LINE3_(addc.cc.u32, d, a, b)
#define ADDE(d, a, b) LINE3_(addc.u32, d, a, b)
#define SUB1(d, a, b) LINE3_(sub.cc.u32, d, a, b)
#define SUBC(d, a, b) LINE3_(subc.cc.u32, d, a, b)
#define SUBE(d, a, b) LINE3_(subc.u32, d, a, b)
#define MOV(d, a) LINE2_(mov.u32, d, a)
#define ADD(d, a, b) LINE3_(add.u32, d, a, b)
#define AND(d, a, b) LINE3_(and.b32, d, a, b)
#define NEG(d, a) LINE2_(neg.s32, d, a)

/* Registers are declared inside; ptxas takes the moves in and out away. */
#define REGISTERS_ "{\n\t.reg .u32 a<8>, b<8>, e<16>, o<15>, t<16>, u<8>, x<10>, c;\n\t"
#define IN_(d, number) "mov.u32 " #d ",%" #number ";\n\t"
#define IN_A_ IN_(a0, 8) IN_(a1, 9) IN_(a2, 10) IN_(a3, 11) IN_(a4, 12) IN_(a5, 13) IN_(a6, 14) IN_(a7, 15)
#define IN_B_ IN_(b0, 16) IN_(b1, 17) IN_(b2, 18) IN_(b3, 19) IN_(b4, 20) IN_(b5, 21) IN_(b6, 22) IN_(b7, 23)
#define OUT_ \
    "mov.u32 %0,t0; mov.u32 %1,t1; mov.u32 %2,t2; mov.u32 %3,t3; " \
    "mov.u32 %4,t4; mov.u32 %5,t5; mov.u32 %6,t6; mov.u32 %7,t7;\n\t}"
#define WORDS_(how, a) how((a)[0]), how((a)[1]), how((a)[2]), how((a)[3]), how((a)[4]), how((a)[5]), how((a)[6]), how((a)[7])
#define CHAINS_BEGIN1(a) asm(REGISTERS_ IN_A_
#define CHAINS_BEGIN2(a, b) asm(REGISTERS_ IN_A_ IN_B_
#define CHAINS_END1(r, a) OUT_ : WORDS_("=r", r) : WORDS_("r", a));
#define CHAINS_END2(r, a, b) OUT_ : WORDS_("=r", r) : WORDS_("r", a), WORDS_("r", b));
#endif
/* clang-format on */

#endif
