/* Products that are not reduced yet: what a group law may ask of a field when only sums of products go on.
 *
 * The a = -1 Edwards formulas add and subtract products before anything is multiplied again. A machine with room above
 * its products (fe_5x51_*.inc) does that in their columns and carries once, when the sum becomes a factor. It gives the
 * type few and the functions below, and defines FE_HAS_WIDE; for the others a few is a reduced element.
 *
 *   fe_mul_w, fe_sqr_w   a b, a^2
 *   few_add              a + b              of at most three products in all
 *   few_sub              a - b              a of at most three products, b of at most two
 *   few_sub_fe           a - b              a of at most three products, b an element
 *   few_from_twice       2 a                counts as one product
 *   fe_reduce            the sum or difference as an element
 *   fe_add_f, fe_sub_f   a + b, a - b of elements, as a factor (field.h): it may only be multiplied or squared
 *   fe_neg_loaded_f      -a for an a that fe_load2 gave, as a factor
 *
 * A difference goes straight to fe_reduce. r may be the same object as an input everywhere. */
#ifndef FE_HAS_WIDE
typedef fe few;
#define fe_mul_w fe_mul
#define fe_sqr_w fe_sqr
#define few_add fe_add
#define few_sub fe_sub
#define few_sub_fe fe_sub
#define fe_add_f fe_add
#define fe_neg_loaded_f fe_neg
FN_INLINE void few_from_twice(few *r, const fe *a) { fe_add(r, a, a); }
FN_INLINE void fe_reduce(fe *r, const few *a) { fe_weak(r, a); }
#endif
