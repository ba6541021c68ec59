//go:build amd64 && !purego

#include "textflag.h"

// The block function G of Argon2 (RFC 9106 section 3.5) with AVX2.
//
// A block is 8 rows of 16 words. P (section 3.6) mixes 16 words v0..v15: G
// applies it to each row, then to each of 8 columns, a column being two
// neighbouring words of every row. A 256-bit register holds four words, and
// two rows, or two columns, travel together:
//
//	Y0,Y1 = v0..v3    Y2,Y3 = v4..v7    Y4,Y5 = v8..v11    Y6,Y7 = v12..v15
//	Y8,Y9 = scratch   Y10,Y11 = byte shuffles, rotating words by 24 and 16
//
// model_test.go holds the same function in plain Go; read that first.

DATA ror24<>+0(SB)/8, $0x0201000706050403
DATA ror24<>+8(SB)/8, $0x0a09080f0e0d0c0b
DATA ror24<>+16(SB)/8, $0x0201000706050403
DATA ror24<>+24(SB)/8, $0x0a09080f0e0d0c0b
GLOBL ror24<>(SB), NOPTR+RODATA, $32

DATA ror16<>+0(SB)/8, $0x0100070605040302
DATA ror16<>+8(SB)/8, $0x09080f0e0d0c0b0a
DATA ror16<>+16(SB)/8, $0x0100070605040302
DATA ror16<>+24(SB)/8, $0x09080f0e0d0c0b0a
GLOBL ror16<>(SB), NOPTR+RODATA, $32

// x = x + y + 2·lo32(x)·lo32(y), for the pairs x0,x1 and y0,y1.
#define MULADD(x0, x1, y0, y1) \
	VPMULUDQ x0, y0, Y8; \
	VPMULUDQ x1, y1, Y9; \
	VPADDQ   y0, x0, x0; \
	VPADDQ   y1, x1, x1; \
	VPADDQ   Y8, Y8, Y8; \
	VPADDQ   Y9, Y9, Y9; \
	VPADDQ   Y8, x0, x0; \
	VPADDQ   Y9, x1, x1

#define XOR(x0, x1, y0, y1) \
	VPXOR x0, y0, y0; \
	VPXOR x1, y1, y1

// GB of section 3.6 on eight (a,b,c,d) at once: rotations by 32, 24, 16, 63.
#define GB(a0, a1, b0, b1, c0, c1, d0, d1) \
	MULADD(a0, a1, b0, b1); \
	XOR(a0, a1, d0, d1); \
	VPSHUFD  $0xb1, d0, d0; \
	VPSHUFD  $0xb1, d1, d1; \
	MULADD(c0, c1, d0, d1); \
	XOR(c0, c1, b0, b1); \
	VPSHUFB  Y10, b0, b0; \
	VPSHUFB  Y10, b1, b1; \
	MULADD(a0, a1, b0, b1); \
	XOR(a0, a1, d0, d1); \
	VPSHUFB  Y11, d0, d0; \
	VPSHUFB  Y11, d1, d1; \
	MULADD(c0, c1, d0, d1); \
	XOR(c0, c1, b0, b1); \
	VPADDQ   b0, b0, Y8; \
	VPADDQ   b1, b1, Y9; \
	VPSRLQ   $63, b0, b0; \
	VPSRLQ   $63, b1, b1; \
	VPXOR    Y8, b0, b0; \
	VPXOR    Y9, b1, b1

// Rows: Y0 is v0..v3 of one row, Y1 the same of the next row, and so on. The
// second half of P works on diagonals: turn b, c, d by one, two, three words.
#define P_ROWS \
	GB(Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7); \
	VPERMQ $0x39, Y2, Y2; \
	VPERMQ $0x39, Y3, Y3; \
	VPERMQ $0x4e, Y4, Y4; \
	VPERMQ $0x4e, Y5, Y5; \
	VPERMQ $0x93, Y6, Y6; \
	VPERMQ $0x93, Y7, Y7; \
	GB(Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7); \
	VPERMQ $0x93, Y2, Y2; \
	VPERMQ $0x93, Y3, Y3; \
	VPERMQ $0x4e, Y4, Y4; \
	VPERMQ $0x4e, Y5, Y5; \
	VPERMQ $0x39, Y6, Y6; \
	VPERMQ $0x39, Y7, Y7

// Four words that lie in two registers, (w0,w1) in x and (w2,w3) in y, for two
// columns side by side: TURN makes x = (w1,w2), y = (w3,w0).
#define TURN(x, y) \
	VPALIGNR $8, x, y, Y8; \
	VPALIGNR $8, y, x, y; \
	VMOVDQA  Y8, x

// UNTURN makes x = (w3,w0), y = (w1,w2).
#define UNTURN(x, y) \
	VPALIGNR $8, x, y, Y8; \
	VPALIGNR $8, y, x, x; \
	VMOVDQA  Y8, y

// Columns: Y0 is v0,v1 of two columns, Y1 their v2,v3, and so on. Turning c by
// two words is naming its registers the other way round.
#define P_COLUMNS \
	GB(Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7); \
	TURN(Y2, Y3); \
	UNTURN(Y6, Y7); \
	GB(Y0, Y1, Y2, Y3, Y5, Y4, Y6, Y7); \
	UNTURN(Y2, Y3); \
	TURN(Y6, Y7)

// The 32 bytes at offset AX of each of the 8 rows of block p: two columns.
#define LOAD_COLUMNS(p) \
	VMOVDQU (p)(AX*1), Y0; \
	VMOVDQU 128(p)(AX*1), Y1; \
	VMOVDQU 256(p)(AX*1), Y2; \
	VMOVDQU 384(p)(AX*1), Y3; \
	VMOVDQU 512(p)(AX*1), Y4; \
	VMOVDQU 640(p)(AX*1), Y5; \
	VMOVDQU 768(p)(AX*1), Y6; \
	VMOVDQU 896(p)(AX*1), Y7

#define XOR_COLUMNS(p) \
	VPXOR (p)(AX*1), Y0, Y0; \
	VPXOR 128(p)(AX*1), Y1, Y1; \
	VPXOR 256(p)(AX*1), Y2, Y2; \
	VPXOR 384(p)(AX*1), Y3, Y3; \
	VPXOR 512(p)(AX*1), Y4, Y4; \
	VPXOR 640(p)(AX*1), Y5, Y5; \
	VPXOR 768(p)(AX*1), Y6, Y6; \
	VPXOR 896(p)(AX*1), Y7, Y7

#define STORE_COLUMNS(p) \
	VMOVDQU Y0, (p)(AX*1); \
	VMOVDQU Y1, 128(p)(AX*1); \
	VMOVDQU Y2, 256(p)(AX*1); \
	VMOVDQU Y3, 384(p)(AX*1); \
	VMOVDQU Y4, 512(p)(AX*1); \
	VMOVDQU Y5, 640(p)(AX*1); \
	VMOVDQU Y6, 768(p)(AX*1); \
	VMOVDQU Y7, 896(p)(AX*1)

// Two columns from the mixed rows to their place in the new block. Every other
// column is left alone, so dst may be old, prev or ref.
#define FINISH_COLUMNS \
	LOAD_COLUMNS(DX); \
	P_COLUMNS; \
	XOR_COLUMNS(SI); \
	XOR_COLUMNS(BX); \
	XOR_COLUMNS(R8); \
	STORE_COLUMNS(DI)

// The first five arguments of both functions, and the constants.
#define ARGUMENTS \
	MOVQ    dst+0(FP), DI; \
	MOVQ    old+8(FP), R8; \
	MOVQ    prev+16(FP), SI; \
	MOVQ    ref+24(FP), BX; \
	MOVQ    rows+32(FP), DX; \
	VMOVDQU ror24<>(SB), Y10; \
	VMOVDQU ror16<>(SB), Y11

// Both functions stay within the 1024 bytes of each block: the row loop takes
// 256 bytes at offsets 0, 256, 512, 768; a column step takes 32 bytes of each
// row at offset 0, 32, 64 or 96. No branch and no address depends on what the
// blocks contain. A prefetch never faults.

// func mixFirst(dst, old, prev, ref, rows *block)
TEXT ·mixFirst(SB), NOSPLIT, $0-40
	ARGUMENTS
	XORL AX, AX

nextRows:
	// dst is not in the cache either; it is wanted when the rows are done.
	PREFETCHT0 (DI)(AX*1)
	PREFETCHT0 64(DI)(AX*1)
	PREFETCHT0 128(DI)(AX*1)
	PREFETCHT0 192(DI)(AX*1)

	VMOVDQU (SI)(AX*1), Y0
	VMOVDQU 32(SI)(AX*1), Y2
	VMOVDQU 64(SI)(AX*1), Y4
	VMOVDQU 96(SI)(AX*1), Y6
	VMOVDQU 128(SI)(AX*1), Y1
	VMOVDQU 160(SI)(AX*1), Y3
	VMOVDQU 192(SI)(AX*1), Y5
	VMOVDQU 224(SI)(AX*1), Y7
	VPXOR   (BX)(AX*1), Y0, Y0
	VPXOR   32(BX)(AX*1), Y2, Y2
	VPXOR   64(BX)(AX*1), Y4, Y4
	VPXOR   96(BX)(AX*1), Y6, Y6
	VPXOR   128(BX)(AX*1), Y1, Y1
	VPXOR   160(BX)(AX*1), Y3, Y3
	VPXOR   192(BX)(AX*1), Y5, Y5
	VPXOR   224(BX)(AX*1), Y7, Y7
	P_ROWS
	VMOVDQU Y0, (DX)(AX*1)
	VMOVDQU Y2, 32(DX)(AX*1)
	VMOVDQU Y4, 64(DX)(AX*1)
	VMOVDQU Y6, 96(DX)(AX*1)
	VMOVDQU Y1, 128(DX)(AX*1)
	VMOVDQU Y3, 160(DX)(AX*1)
	VMOVDQU Y5, 192(DX)(AX*1)
	VMOVDQU Y7, 224(DX)(AX*1)
	ADDL    $256, AX
	CMPL    AX, $1024
	JB      nextRows

	XORL AX, AX
	FINISH_COLUMNS
	VZEROUPPER
	RET

// func mixRest(dst, old, prev, ref, rows, next *block)
TEXT ·mixRest(SB), NOSPLIT, $0-48
	ARGUMENTS
	MOVQ next+40(FP), CX
	PREFETCHT0 (CX)
	PREFETCHT0 64(CX)
	PREFETCHT0 128(CX)
	PREFETCHT0 192(CX)
	PREFETCHT0 256(CX)
	PREFETCHT0 320(CX)
	PREFETCHT0 384(CX)
	PREFETCHT0 448(CX)
	PREFETCHT0 512(CX)
	PREFETCHT0 576(CX)
	PREFETCHT0 640(CX)
	PREFETCHT0 704(CX)
	PREFETCHT0 768(CX)
	PREFETCHT0 832(CX)
	PREFETCHT0 896(CX)
	PREFETCHT0 960(CX)
	MOVL $32, AX

nextColumns:
	FINISH_COLUMNS
	ADDL $32, AX
	CMPL AX, $128
	JB   nextColumns

	VZEROUPPER
	RET
