// @ts-check
// The work that a check costs, in a worker of its own, so that the page stays
// awake: the same function as Mix in internal/domain/puzzle/work.go.

const words = 1 << 14;
const buf = new Uint32Array(words);

/** @param {number} x @param {number} n */
const rotl = (x, n) => (x << n) | (x >>> (32 - n));

/** @param {Uint32Array} salt @param {number} lane @param {number} n */
export function mix(salt, lane, n) {
	let a = salt[0] ^ n, b = salt[1] ^ lane, c = salt[2] | 0, d = salt[3] ^ 0x9e3779b9;
	const next = () => {
		const t = (a + b + d) | 0;
		d = (d + 1) | 0;
		a = b ^ (b >>> 9);
		b = (c + (c << 3)) | 0;
		c = (rotl(c, 21) + t) | 0;
		return t;
	};
	for (let i = 0; i < 12; i++) next();
	for (let i = 0; i < words; i++) buf[i] = next();
	let x = a;
	for (let i = 0; i < 1 << 12; i++) {
		const j = (x ^ Math.imul(i, 0x9e3779b1)) & (words - 1);
		const v = buf[j];
		x = Math.imul(rotl(x ^ v, 13), 0x85ebca6b);
		buf[j] = v + x;
	}
	x ^= x >>> 16;
	x = Math.imul(x, 0xc2b2ae35);
	return (x ^ (x >>> 13)) >>> 0;
}

/** @param {string} hex */
const read = (hex) => new Uint32Array(Uint8Array.from(hex.match(/../g) ?? [], (h) => parseInt(h, 16)).buffer);

onmessage = ({ data: { salt, first, lanes, tries } }) => {
	const key = read(salt), bound = Math.floor(2 ** 32 / Math.max(tries, 1));
	const found = [];
	for (let lane = 0; lane < lanes; lane++) {
		let n = 0;
		while (mix(key, first + lane, n) >= bound) n++;
		found.push(n);
		postMessage({ part: found.length / lanes });
	}
	postMessage({ proof: found.join('.') });
};
