// @ts-check
// The human check: a piece is moved into its hole, in a dialog over the form that
// is being sent. form.js loads this when it is needed. Every word is in the page;
// places are parts of the picture, so zoom and rotation change nothing.

/** @typedef {{ salt: string, proofs: number, tries: number, more: number, wait: number, wait_seconds: number }} Work */

const box = /** @type {HTMLDialogElement} */ (document.getElementById('puzzle'));
/** @param {string} name @returns {any} */
const part = (name) => box.querySelector(`[data-${name}]`);
/** @param {string} key @param {number} [n] @returns {string} */
const word = (key, n) => part(`say=${key}`).textContent.replace('%', n);
/** Sets an attribute to a value. @param {Element} el @param {string} name @param {any} value */
const set = (el, name, value) => el.setAttribute(name, value);
/** @param {number} v */
const round = (v) => Math.round(v * 10) / 10;
const scene = part('scene'), back = part('back'), piece = part('piece'), rail = part('rail'), grip = part('grip');
const bar = part('progress'), said = part('said'), done = part('done'), tip = part('tip');

/** A refusal of the house, in its words. */
class Refusal extends Error {}

/** @param {string} path @param {object} body */
async function call(path, body) {
	const answer = await fetch('/api/v1/puzzles' + path, {
		method: 'POST',
		headers: { 'Content-Type': 'application/json', 'Accept-Language': document.documentElement.lang },
		body: JSON.stringify(body),
	});
	if (answer.status === 204) return null;
	const data = await answer.json(); // throws where something else than the house answers
	if (answer.ok) return data;
	const { title, detail } = data;
	throw Object.assign(new Refusal(title + (detail ? ' ' + detail : '')), { status: answer.status });
}

/** The policy lets this one script be a worker, and no other. */
const own = box.dataset.work ?? '';
/** @type {any} */
const address = /** @type {any} */ (globalThis).trustedTypes?.createPolicy('puzzle', { createScriptURL: () => own }).createScriptURL('') ?? own;
/** @type {Worker | undefined} */
let worker;

/**
 * Does the work of some lanes, away from the page.
 * @param {number} first @param {number} tries @param {(part: number) => void} [tell] @returns {Promise<string>}
 */
function toil(first, tries, tell) {
	worker?.terminate();
	return new Promise((resolve, reject) => {
		const w = worker = new Worker(address, { type: 'module' });
		w.onerror = reject;
		w.onmessage = ({ data }) => {
			if (data.proof === undefined) {
				bar.value = data.part;
				return tell?.(data.part);
			}
			w.terminate();
			resolve(data.proof);
		};
		w.postMessage({ salt: work.salt, first, lanes: work.proofs, tries });
	});
}

// One visit to the dialog, over as many pictures as it takes.
/** @type {HTMLFormElement} */
let form;
/** @type {(pass?: string) => void} */
let resolve;
/** @type {(e: unknown) => void} */
let reject;
let misses = 0, renewals = 0;
// One picture. turn grows with each act: what comes late for an earlier one is dropped.
let turn = 0, timer = 0, id = '';
/** @type {Work} */
let work;
/** @type {any} */
let shown; // the picture's sizes
let live = false; // it can be answered
let x = 0; // the piece's left edge
let way = 'drag'; // or keys, tap
/** @type {{ at: number, y: number, t: number, x: number, touch: boolean } | null} */
let drag = null;
/** @type {number[][]} */
let trail = [];
/** @type {Promise<any>} */
let gripped;
let moved = -Infinity; // when a drag ended: the click that follows is none

const ask = () => {
	const email = form.elements.namedItem('email');
	return call('', { action: form.dataset.action, ...(email instanceof HTMLInputElement ? { email: email.value } : { remembered: true }) });
};

/**
 * Shows the puzzle over a form. Gives the pass; '' when none is needed; undefined
 * when the person goes back to the form. Throws when the page had better go on as
 * if it had no script.
 * @param {HTMLFormElement} over @returns {Promise<string | undefined>}
 */
export async function check(over) {
	form = over;
	let first;
	try {
		first = await ask();
	} catch (e) {
		const { status } = /** @type {any} */ (e);
		if (!status || status === 404 || status === 500) throw e;
		if (status < 429) return ''; // the form's own answer tells it better
		first = e;
	}
	if (!first) return '';
	await dress();
	misses = renewals = 0;
	box.removeAttribute('data-missed');
	box.hidden = false;
	box.showModal();
	fresh('', first);
	return new Promise((yes, no) => { [resolve, reject] = [yes, no]; });
}

/** The style comes with the script, not with every page. @type {Promise<void> | undefined} */
let style;
const dress = () => style ??= new Promise((onload, onerror) => {
	document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href: box.dataset.sheet, onload, onerror }));
});

/** @param {string} [pass] @param {unknown} [error] */
function end(pass, error) {
	turn++;
	live = false;
	clearTimeout(timer);
	worker?.terminate();
	box.close();
	box.hidden = true;
	error ? reject(error) : resolve(pass);
}

/** Begins an act: nothing can be moved until it is over. @param {string} text @param {string} [kind] */
function busy(text, kind = '') {
	clearTimeout(timer);
	live = false;
	drag = null;
	said.textContent = text;
	said.dataset.kind = kind;
	bar.hidden = false;
	bar.removeAttribute('value');
	ready('busy');
	return ++turn;
}

/** @param {string} state */
function ready(state) {
	box.dataset.state = state;
	set(grip, 'aria-disabled', !live);
	if (document.activeElement === done) grip.focus(); // it goes, the focus stays
	done.hidden = way === 'drag' || !live;
	tip.hidden = !done.hidden;
}

/** Runs an act; what goes wrong in it is told. @param {number} mine @param {() => Promise<any>} act */
async function attempt(mine, act) {
	try {
		await act();
	} catch (e) {
		if (mine === turn) failed(e);
	}
}

/** @param {unknown} e */
function failed(e) {
	const { status, message } = /** @type {any} */ (e);
	if (!(e instanceof Refusal) || status === 500) return end(undefined, e);
	if (++misses > 1) set(box, 'data-missed', '');
	if (status < 429) return fresh(message);
	busy(message, 'miss'); // a pause: the other ways stay
	bar.hidden = true;
}

/** Asks for a challenge, unless it is there. False: none is needed any more. @param {any} [begun] */
async function begin(begun) {
	if (begun instanceof Error) throw begun;
	const got = begun ?? await ask();
	if (got) ({ id, work } = got);
	else end('');
	return Boolean(got);
}

/** A new picture, after its work. @param {string} [why] @param {any} [begun] */
function fresh(why, begun) {
	const mine = busy(why || word('preparing'), why ? 'miss' : '');
	attempt(mine, async () => {
		if (!await begin(begun) || mine !== turn) return;
		const got = await call(`/${id}/picture`, { work: await toil(0, work.tries) });
		if (mine !== turn) return;
		for (const [img, src] of [[back, got.back], [piece, got.piece]]) {
			img.src = src;
			await img.decode();
			img.hidden = false;
		}
		if (mine !== turn) return;
		shown = got;
		for (const key of ['width', 'height', 'piece_width', 'piece_height', 'piece_y']) box.style.setProperty('--' + key, got[key]);
		bar.hidden = live = true;
		restart();
		for (const el of [rail, scene]) el.scrollIntoView({ block: 'nearest' });
		if (!why) said.textContent = word('ready');
		timer = setTimeout(renew, 100_000);
	});
}

/** A new picture before the old one dies: nobody is hurried. Left alone, it rests. */
function renew() {
	if (drag) timer = setTimeout(renew, 5000);
	else if (++renewals > 5) {
		busy(word('rest'));
		bar.hidden = true;
	} else fresh(word('renewed'));
}

function restart() {
	drag = null;
	way = 'drag';
	ready('ready');
	put(shown.start);
}

/** Puts the piece's left edge. @param {number} to */
function put(to) {
	const most = shown.width - shown.piece_width;
	x = Math.min(Math.max(to, 0), most);
	box.style.setProperty('--x', String(x));
	const place = Math.round(x / most * 100);
	set(grip, 'aria-valuenow', place);
	set(grip, 'aria-valuetext', word('place', place));
}

/** A point of the page, in points of the picture. @param {MouseEvent} e */
function point(e) {
	const r = rail.getBoundingClientRect(), k = shown.width / r.width;
	return [(e.clientX - r.left) * k, (e.clientY - r.top) * k];
}

/** @param {PointerEvent} e */
function take(e) {
	if (!live || e.button || !e.isPrimary) return;
	/** @type {Element} */ (e.target).setPointerCapture(e.pointerId);
	const [at, y] = point(e);
	drag = { at: at - x, y, t: e.timeStamp, x, touch: e.pointerType === 'touch' };
	trail = [[0, 0, 0]];
	box.dataset.state = 'drag';
	if (way === 'drag') gripped = call(`/${id}/grip`, {}).catch((why) => why);
}

/** @param {PointerEvent} e */
function move(e) {
	if (!drag) return;
	const all = e.getCoalescedEvents?.() ?? [];
	for (const one of all.length ? all : [e]) {
		const [at, y] = point(one), t = Math.round(one.timeStamp - drag.t);
		put(at - drag.at);
		if (t >= trail[trail.length - 1][0]) trail.push([t, round(x - drag.x), round(y - drag.y)]);
	}
	// A hand that thinks long is thinned out, not cut off.
	if (trail.length > 600) trail = trail.filter((_, i) => i % 2 === 0);
}

/** @param {PointerEvent} e */
function drop(e) {
	if (!drag) return;
	move(e);
	const from = drag.x, last = trail[trail.length - 1];
	last[1] = round(x - from);
	moved = performance.now();
	const touch = drag.touch;
	drag = null;
	ready('ready');
	if (way !== 'drag') return;
	if (Math.abs(x - from) < 4) put(from); // a touch, not a move
	else answer(touch);
}

/** A tap moves the piece there, without dragging. @param {MouseEvent} e */
function tap(e) {
	const on = /** @type {Node} */ (e.target);
	if (live && !grip.contains(on) && on !== piece && performance.now() - moved > 300) step('tap', point(e)[0] - shown.piece_width / 2 - x);
}

/** @param {string} by @param {number} far */
function step(by, far) {
	if (!live || drag) return;
	way = by;
	put(x + far);
	ready('ready');
}

/** @param {KeyboardEvent} e */
function key(e) {
	const far = e.shiftKey ? 10 : 1;
	const by = /** @type {any} */ ({ ArrowLeft: -far, ArrowDown: -far, ArrowRight: far, ArrowUp: far, PageDown: -10, PageUp: 10, Home: -1e4, End: 1e4 })[e.key];
	if (by) step('keys', by);
	else if ((e.key === 'Enter' || e.key === ' ') && way !== 'drag') answer();
	else return;
	e.preventDefault();
}

/** @param {boolean} [touch] */
function answer(touch) {
	if (!live) return;
	const mine = busy(word('judging'));
	attempt(mine, async () => {
		/** @type {any} */
		const body = { way, x: round(x), trail: [] };
		if (way === 'drag') {
			const held = await gripped;
			if (held instanceof Error) throw held;
			Object.assign(body, { trail, touch, grip: held.grip });
		} else body.work = await toil(work.proofs, work.more);
		await pass(mine, body);
	});
}

/** @param {number} mine @param {object} body */
async function pass(mine, body) {
	if (mine !== turn) return;
	const { pass } = await call(`/${id}/answer`, body);
	if (mine !== turn) return;
	bar.hidden = true;
	ready('fits');
	said.textContent = word('way' in body && body.way === 'wait' ? 'waited' : 'fits');
	said.dataset.kind = 'good';
	timer = setTimeout(end, 700, pass);
}

/** Work in place of the picture, for whoever cannot see it. */
function sitOut() {
	const mine = busy(word('waiting'));
	attempt(mine, async () => {
		if (!await begin() || mine !== turn) return;
		const until = performance.now() + work.wait_seconds * 1000;
		let told = 0;
		const proof = await toil(2 * work.proofs, work.wait, (p) => {
			if (p - told > .24 && p < 1) said.textContent = word('progress', Math.round((told = p) * 100));
		});
		await new Promise((r) => setTimeout(r, until - performance.now()));
		await pass(mine, { way: 'wait', x: 0, trail: [], work: proof });
	});
}

for (const el of [grip, piece]) {
	el.addEventListener('pointerdown', take);
	el.addEventListener('pointermove', move);
	el.addEventListener('pointerup', drop);
	el.addEventListener('pointercancel', () => drag && restart());
}
for (const el of [rail, scene]) el.addEventListener('click', tap);
grip.addEventListener('keydown', key);
for (const b of box.querySelectorAll('[data-by]')) b.addEventListener('click', () => step('tap', Number(/** @type {any} */ (b).dataset.by)));
done.addEventListener('click', () => answer());
part('new').addEventListener('click', () => fresh());
part('wait').addEventListener('click', sitOut);
part('close').addEventListener('click', () => end());
part('mail')?.addEventListener('click', () => {
	form.append(Object.assign(document.createElement('input'), { type: 'hidden', name: 'instead', value: 'mail' }));
	end('');
});
box.addEventListener('cancel', (e) => {
	e.preventDefault();
	end();
});
