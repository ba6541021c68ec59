// @ts-check
// How good a new password is, asked of the server while the person types: the
// list of common ones is too big to send. The server judges again on sending.

for (const box of document.querySelectorAll('[data-strength]')) {
	if (box instanceof HTMLElement) watch(box);
}

/** @param {HTMLElement} box */
function watch(box) {
	const input = /** @type {HTMLInputElement} */ (document.getElementById(box.dataset.for ?? 'password'));
	const email = /** @type {HTMLInputElement | null} */ (document.querySelector('[name=email]'));
	const bar = /** @type {HTMLElement} */ (box.querySelector('[data-level]'));
	const word = /** @type {HTMLElement} */ (box.querySelector('[data-word]'));
	const list = /** @type {HTMLElement} */ (box.querySelector('[data-hints]'));
	const words = (box.dataset.words ?? '').split('|');
	const min = Number(input.dataset.min ?? 0);
	let timer = 0;
	/** @type {AbortController | undefined} */
	let asked;

	/** @param {number} level @param {string} text @param {string[]} hints */
	const draw = (level, text, hints) => {
		box.hidden = false;
		bar.dataset.level = String(level);
		word.textContent = text;
		list.replaceChildren(...hints.map((h) => Object.assign(document.createElement('li'), { textContent: h })));
	};

	// Nothing moves under a finger that presses: see form.js.
	/** @param {() => void} act */
	const still = (act) => dispatchEvent(new CustomEvent('still', { detail: act }));

	const ask = async () => {
		asked?.abort();
		asked = new AbortController();
		try {
			const answer = await fetch(box.dataset.strength ?? '', {
				method: 'POST',
				headers: { 'Content-Type': 'application/json', 'Accept-Language': document.documentElement.lang },
				body: JSON.stringify({ password: input.value, email: email?.value ?? '' }),
				signal: asked.signal,
			});
			if (!answer.ok) throw new Error(String(answer.status));
			const { level, hints, warning } = await answer.json();
			still(() => draw(level, words[level] ?? '', [warning, ...(hints ?? [])].filter(Boolean)));
		} catch {
			if (!asked.signal.aborted) still(() => { box.hidden = true; }); // a help that fails is no help: say nothing
		}
	};

	input.addEventListener('input', () => {
		clearTimeout(timer);
		asked?.abort();
		const missing = min - [...input.value].length;
		if (!input.value) box.hidden = true;
		else if (missing > 0) draw(0, (box.dataset.more ?? '').replace('%', String(missing)), []);
		else timer = setTimeout(ask, 300);
	});
}
