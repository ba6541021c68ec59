// @ts-check
// The page that waits for a mail: the resend timer, and going on by itself when
// the link was used in another browser.

/** @type {HTMLButtonElement | null} */
const resend = document.querySelector('[data-next-at]');
const countdown = /** @type {HTMLElement | null} */ (document.querySelector('[data-countdown]'));
if (resend && countdown) count(resend, countdown);

/** @param {HTMLButtonElement} button @param {HTMLElement} line */
function count(button, line) {
	// Both times are the server's: this device's clock may be wrong.
	const ends = performance.now() + Number(button.dataset.nextAt) - Number(button.dataset.now);
	const left = /** @type {HTMLElement} */ (line.querySelector('[data-left]'));
	const still = /** @type {HTMLElement | null} */ (document.querySelector('[data-timer]'));
	const tick = () => {
		const s = Math.ceil((ends - performance.now()) / 1000);
		button.disabled = s > 0;
		line.hidden = s <= 0;
		if (still) still.hidden = true;
		left.textContent = `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
		if (s > 0) setTimeout(tick, 1000);
	};
	if (ends > performance.now()) tick();
}

/** @type {HTMLElement | null} */
const live = document.querySelector('[data-poll]');
if (live) poll(live);

/** @param {HTMLElement} line */
function poll(line) {
	line.hidden = false;
	const plain = document.querySelector('[data-plain]');
	if (plain instanceof HTMLElement) plain.hidden = true;
	const until = Date.now() + 60 * 60 * 1000;
	const ask = async () => {
		// A page nobody looks at asks nothing; it asks at once when looked at again.
		if (!document.hidden) {
			try {
				const answer = await fetch(line.dataset.poll ?? '', { headers: { Accept: 'application/json' } });
				if (answer.ok) {
					const { done, next } = await answer.json();
					// Own paths only, never another house.
					if (done && /^\/(?![/\\])/.test(next)) return location.assign(next);
				}
			} catch { /* no line just now: ask again */ }
		}
		if (Date.now() < until) setTimeout(ask, 3000);
	};
	setTimeout(ask, 3000);
}

// Confirmed elsewhere: what is left is one press, made for whoever waited here.
// Without the mark it is left to the person, so that coming back presses nothing.
/** @type {HTMLFormElement | null} */
const go = document.querySelector('form[data-go]');
if (go && location.search === '?go=1') {
	history.replaceState(null, '', location.pathname);
	go.requestSubmit();
}
