// @ts-check
// "Did you mean gmail.com?" before anything is sent. The server asks the same
// question of browsers without script.

const box = /** @type {HTMLElement | null} */ (document.querySelector('[data-suggest]'));
const input = /** @type {HTMLInputElement | null} */ (document.getElementById(box?.dataset.suggest ?? ''));
if (box && input) ask(box, input);

/** @param {HTMLElement} box @param {HTMLInputElement} input */
function ask(box, input) {
	const domains = (box.dataset.domains ?? '').trim().split(' ');
	const real = (box.dataset.real ?? '').trim().split(' ');
	const text = /** @type {HTMLElement} */ (box.querySelector('[data-address]'));
	let kept = ''; // the address that the person insisted on

	const look = () => {
		const better = input.value === kept ? '' : suggest(input.value, domains, real);
		text.textContent = better;
		box.hidden = !better;
		return better;
	};
	// Not under a finger that presses: see form.js.
	input.addEventListener('change', () => dispatchEvent(new CustomEvent('still', { detail: look })));
	input.addEventListener('input', () => { box.hidden = true; });

	box.querySelector('[data-use]')?.addEventListener('click', () => {
		input.value = text.textContent ?? '';
		box.hidden = true;
		document.getElementById('password')?.focus();
	});
	box.querySelector('[data-keep]')?.addEventListener('click', () => {
		kept = input.value;
		box.hidden = true;
		// So that the server does not ask again.
		const field = Object.assign(document.createElement('input'), { type: 'hidden', name: 'suggestion', value: 'keep' });
		input.form?.querySelector('[name=suggestion]')?.remove();
		input.form?.append(field);
		document.getElementById('password')?.focus();
	});
	// Capture: before the guard against double presses counts this as sent.
	input.form?.addEventListener('submit', (e) => {
		if (!look()) return;
		e.preventDefault();
		/** @type {HTMLElement | null} */ (box.querySelector('[data-use]'))?.focus();
	}, true);
}

/**
 * The address with the domain that was probably meant, or ''. The same as
 * SuggestAddress in internal/domain/account/suggest.go.
 * @param {string} address @param {string[]} domains @param {string[]} real
 */
function suggest(address, domains, real) {
	const at = address.lastIndexOf('@');
	const domain = address.slice(at + 1).toLowerCase();
	if (at < 1 || domain.length < 3 || domains.includes(domain) || real.includes(domain)) return '';
	const name = (/** @type {string} */ d) => d.split('.')[0];
	let best = '';
	let least = 3;
	for (const d of domains) {
		const n = distance(domain, d);
		// A short name must be right itself; the right name with two other letters
		// behind it is the same company elsewhere.
		const plausible = name(domain) === name(d) ? n < 2 : name(d).length > 3 && (n < 2 || d.length > 8);
		if (n < least && plausible) [best, least] = [d, n];
	}
	return best ? address.slice(0, at + 1) + best : '';
}

/** Edits between two words; neighbours swapped are one edit. @param {string} a @param {string} b */
function distance(a, b) {
	if (Math.abs(a.length - b.length) > 2) return 9;
	/** @type {number[][]} */
	const d = [...Array(a.length + 1)].map((_, i) => [i]);
	for (let j = 1; j <= b.length; j++) d[0][j] = j;
	for (let i = 1; i <= a.length; i++) {
		for (let j = 1; j <= b.length; j++) {
			d[i][j] = Math.min(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + Number(a[i - 1] !== b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[a.length][b.length];
}
