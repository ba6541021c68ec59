// @ts-check
// The page that asks for a code of the authenticator app: how long the present
// code lives, and sending by itself when all six digits are there.

const STEP = 30;

/** @type {HTMLElement | null} */
const line = document.querySelector('[data-step]');
if (line) {
	// The server's clock: this device's may be wrong.
	const ahead = Number(line.dataset.now) - performance.now();
	const left = /** @type {HTMLElement} */ (line.querySelector('[data-left]'));
	/** @type {HTMLElement} */ (line.querySelector('[data-still]')).hidden = true;
	/** @type {HTMLElement} */ (line.querySelector('[data-live]')).hidden = false;
	const tick = () => {
		const s = STEP - Math.floor((performance.now() + ahead) / 1000) % STEP;
		left.textContent = String(s);
		setTimeout(tick, 1000 - (performance.now() + ahead) % 1000);
	};
	tick();
}

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll('form[data-whole]'))) {
	const input = /** @type {HTMLInputElement} */ (form.elements.namedItem(form.dataset.whole ?? ''));
	const size = Number(input.dataset.digits);
	let sent = '';
	input.addEventListener('input', (e) => {
		// While a Japanese keyboard still converts, the text is not final.
		if (/** @type {InputEvent} */ (e).isComposing) return;
		send();
	});
	input.addEventListener('compositionend', () => send());
	const send = () => {
		const text = input.value.normalize('NFKC').replace(/[\s\-\u2010-\u2015\u30fc]/g, '');
		// Once for each code: a refusal is answered by a page of its own.
		if (!/^\d+$/.test(text) || text.length !== size || text === sent) return;
		sent = text;
		form.requestSubmit();
	};
}
