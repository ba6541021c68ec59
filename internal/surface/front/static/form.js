// @ts-check
// What every form gets when script runs; each works without. Words come from
// the page: script only shows and hides them.

/**
 * @template {Element} T
 * @param {string} selector
 * @param {(el: T) => void} act
 */
const each = (selector, act) => {
	for (const el of document.querySelectorAll(selector)) act(/** @type {T} */ (el));
};

/** Full-width to half-width, as the server does for addresses and codes. @param {string} s */
const fold = (s) => s.replace(/[\uff01-\uff5e]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0))
	.replace(/\u3000/g, ' ').trim();

/** @param {HTMLInputElement} input @param {string} name @param {boolean} on */
const hint = (input, name, on) => {
	const p = document.querySelector(`#${input.id}-hints [data-hint=${name}]`);
	if (p instanceof HTMLElement && p.hidden === on) p.hidden = !on;
};

/** Swaps the two faces of a button. @param {HTMLButtonElement} button @param {boolean} second */
const face = (button, second) => {
	const [a, b] = button.querySelectorAll('span');
	a.hidden = second;
	b.hidden = !second;
};

each('[data-password]', (/** @type {HTMLInputElement} */ input) => {
	const look = () => {
		// A text is judged by itself alone; what is typed is sent untouched.
		hint(input, 'wide', /[\uff01-\uff5e\u3000-\u30ff\u4e00-\u9fff]/.test(input.value));
		hint(input, 'space', /^\s|\s$/.test(input.value));
	};
	/** @param {KeyboardEvent | MouseEvent} e */
	const caps = (e) => hint(input, 'caps', Boolean(e.getModifierState?.('CapsLock')));
	input.addEventListener('input', look);
	input.addEventListener('keydown', caps);
	input.addEventListener('keyup', caps);
	input.addEventListener('blur', () => hint(input, 'caps', false));
});

each('[data-show]', (/** @type {HTMLButtonElement} */ button) => {
	const input = document.getElementById(button.dataset.show ?? '');
	if (!(input instanceof HTMLInputElement)) return;
	/** @param {boolean} on */
	const show = (on) => {
		input.type = on ? 'text' : 'password';
		button.setAttribute('aria-pressed', String(on));
		face(button, on);
	};
	button.hidden = false;
	button.addEventListener('click', () => show(input.type === 'password'));
	// Browsers offer to keep a password only when they see it sent as one.
	input.form?.addEventListener('submit', () => show(false));
});

// Leaving a field is often the beginning of a press on a button. A hint that came
// just then would push the button away, and the press would land beside it: hints
// wait until the finger is up.
let pressed = false;
/** @type {(() => void)[]} */
const later = [];
addEventListener('pointerdown', () => { pressed = true; }, true);
for (const end of ['pointerup', 'pointercancel']) {
	addEventListener(end, () => {
		pressed = false;
		for (const act of later.splice(0)) setTimeout(act);
	}, true);
}
/** @param {() => void} act */
const still = (act) => { pressed ? later.push(act) : act(); };
// The other modules ask by event: each file has an address of its own.
addEventListener('still', (e) => still(/** @type {CustomEvent} */ (e).detail));

each('[data-fold]', (/** @type {HTMLInputElement} */ input) => {
	const size = Number(input.dataset.digits ?? 0);
	input.addEventListener('change', () => {
		let text = fold(input.value);
		if (size) text = text.replace(/[\s\-\u2010-\u2015\u30fc]/g, '');
		if (text !== input.value) input.value = text;
		still(() => hint(input, 'short', size > 0 && /^\d+$/.test(text) && text.length < size));
	});
});

each('[data-copy]', (/** @type {HTMLButtonElement} */ button) => {
	if (!navigator.clipboard) return;
	button.hidden = false;
	button.addEventListener('click', async () => {
		await navigator.clipboard.writeText(button.dataset.copy ?? '');
		face(button, true);
		setTimeout(() => face(button, false), 2000);
	});
});

// Tells the server that script runs here: when something fails, that is one cause less.
/** @param {string} name @param {string} value */
const hidden = (name, value) => Object.assign(document.createElement('input'), { type: 'hidden', name, value });
each('form', (/** @type {HTMLFormElement} */ form) => form.append(hidden('script', '1')));

// A double press is one press. The buttons wake up again when the answer does not
// come, or when the person comes back to this page.
each('form', (/** @type {HTMLFormElement} */ form) => {
	/** @param {boolean} on */
	const busy = (on) => {
		form.toggleAttribute('data-sent', on);
		for (const b of form.querySelectorAll('button:not([type=button])')) b.setAttribute('aria-disabled', String(on));
	};
	form.addEventListener('submit', (e) => {
		if (form.hasAttribute('data-sent')) return e.preventDefault();
		if (e.defaultPrevented) return;
		busy(true);
		if (!form.dataset.puzzle || form.hasAttribute('data-passed') || e.submitter?.matches('[type=image]')) return void setTimeout(busy, 15000, false);
		e.preventDefault();
		const by = /** @type {HTMLElement} */ (e.submitter ?? form.querySelector('.go'));
		check(form).then((ok) => {
			busy(false);
			if (ok) by.click();
			else if (ok === false) by.focus();
		});
	});
	addEventListener('pageshow', (e) => {
		busy(false);
		if (e.persisted) form.removeAttribute('data-passed');
	});
	// A pass is for one address.
	form.addEventListener('input', (e) => {
		if (/** @type {HTMLInputElement} */ (e.target).name === 'email') form.removeAttribute('data-passed');
	});
});

/**
 * The human check, before a form is sent; its script comes only now. True: send
 * it. False: the person wants the form back. Nothing: the picture for browsers
 * without script stands in the form instead, because something stopped ours.
 * @param {HTMLFormElement} form
 */
async function check(form) {
	try {
		const { check } = await import(form.dataset.puzzle ?? '');
		const pass = await check(form);
		if (pass === undefined) return false;
		form.querySelector('[name=human]')?.remove();
		if (pass) form.append(hidden('human', pass));
		form.setAttribute('data-passed', '');
		// A pass lives three minutes.
		setTimeout(() => form.removeAttribute('data-passed'), 150000);
		return true;
	} catch {
		plain(form);
	}
}

/** @param {HTMLFormElement} form */
function plain(form) {
	delete form.dataset.puzzle;
	const spot = /** @type {HTMLElement | null} */ (form.querySelector('[data-spot]'));
	const still = spot?.querySelector('noscript');
	if (!spot || !still) { // the answer has it
		form.append(hidden('plain', '1'));
		return form.submit();
	}
	const image = Object.assign(document.createElement('input'), { type: 'image', name: 'spot', alt: still.textContent?.match(/alt="(.*?)"/)?.[1] ?? '' });
	image.src = spot.dataset.spot ?? '';
	image.width = 320;
	// Too old by now, or blocked too: the answer has another one.
	image.onerror = () => {
		form.append(hidden('plain', '1'));
		form.submit();
	};
	still.replaceWith(image);
	for (const el of form.querySelectorAll('.spot, [data-blocked]')) /** @type {HTMLElement} */ (el).hidden = false;
	for (const el of form.querySelectorAll('[data-go]')) /** @type {HTMLElement} */ (el).hidden = true;
	spot.scrollIntoView({ block: 'center' });
}

// Where a link leads into a closed part, open it: /help#mail.
const unfold = () => {
	const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
	if (target instanceof HTMLDetailsElement) target.open = true;
};
addEventListener('hashchange', unfold);
unfold();

// Old browsers know autofocus for fields only.
if (!('autofocus' in HTMLElement.prototype)) document.getElementById('problem')?.focus();
