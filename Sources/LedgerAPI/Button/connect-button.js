// Token Ledger's Connect Health Data button (docs/integrator.md#the-button-in-one-line).
(() => {
  'use strict';
  const TAG = 'connect-health-data';
  // Where a popup is reported that was left open; what a held finish is confirmed with.
  const OPEN = TAG + ' open', HELD = TAG + ' held';
  const LIBRARY = 'https://connect.humanapi.co/connect.js';
  const LATER = 'No answer. Please try again in a moment.';
  if (customElements.get(TAG)) return;
  const script = document.currentScript;

  // Set by script, which a strict CSP allows; without weight, so any rule of the page wins.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
:where(${TAG}) { display: inline-block; color-scheme: light dark }
:where(${TAG} button) { font: inherit; font-weight: 600; padding: .75em 1.4em; border: 0;
  border-radius: .5em; cursor: pointer; color: var(--${TAG}-color, #fff);
  background: var(--${TAG}-background, #0f766e) }
:where(${TAG} button:focus-visible) { outline: 3px solid #2dd4bf; outline-offset: 2px }
:where(${TAG} button[aria-disabled=true]) { opacity: .6; cursor: default }
:where(${TAG} span:not(:empty)) { display: block; margin-top: .5em; font-size: .875em }
@media (prefers-color-scheme: dark) {
  :where(${TAG} button) { color: var(--${TAG}-color, #042f2e);
    background: var(--${TAG}-background, #5eead4) }
}`);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

  // A browser may forbid to keep anything; then a lost page is not reported.
  const kept = (key, value) => {
    try {
      if (value) sessionStorage.setItem(key, value);
      else if (value === null) sessionStorage.removeItem(key);
      else return sessionStorage.getItem(key);
    } catch { return null; }
  };

  // What passes may be tried again: nobody has said what is to become of it.
  const failure = (code, message, passes) => Object.assign(new Error(message), { code, passes });

  const post = async (url, body, tries = 1) => {
    let response;
    try {
      response = await fetch(url, {
        method: 'POST', keepalive: true,
        headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
      });
    } catch { /* told below */ }
    const answer = response ? await response.json().catch(() => ({})) : {};
    // A code also comes with status 202: the provider's answer is not known yet.
    if (response && response.ok && !answer.code) return answer;
    // The same finish may be sent again at any time.
    const passes = !response || response.status === 429 || response.status > 499;
    if (tries > 1 && passes) {
      await new Promise((resolve) => setTimeout(resolve, 2000));
      return post(url, body, tries - 1);
    }
    const code = answer.code || (response ? 'http_' + response.status : 'unreachable');
    throw failure(code, answer.detail || LATER, passes);
  };

  let loading;
  const load = (url) => loading || (loading = new Promise((resolve, reject) => {
    if (window.HumanConnect) return resolve();
    const library = document.createElement('script');
    library.src = url;
    library.onload = resolve;
    library.onerror = () => {
      library.remove();
      loading = null;
      reject(failure('library_unreachable', 'The provider does not answer. ' + LATER));
    };
    document.head.append(library);
  }));

  // One popup at a time, however many buttons there are.
  let busy = false;
  let isFirst = true;

  class ConnectHealthData extends HTMLElement {
    connectedCallback() {
      if (this.button) return;
      this.button = document.createElement('button');
      this.button.type = 'button';
      this.button.textContent = this.getAttribute('label') || 'Connect Health Data';
      this.button.addEventListener('click', () => this.press());
      this.note = document.createElement('span');
      this.note.setAttribute('role', 'status');
      this.append(this.button, this.note);
      load(this.library).catch(() => {});
      if (isFirst) this.goOn();
      isFirst = false;
    }

    get library() { return this.getAttribute('library') || LIBRARY; }

    // What an earlier page has left: a finish that waits, or a popup that nobody closed.
    async goOn() {
      const [held, open] = [kept(HELD), kept(OPEN)];
      kept(OPEN, null);
      if (open) post(open, {}).catch(() => {});
      if (!held) return;
      this.lock(true);
      try {
        await this.confirm(JSON.parse(held));
        this.end('finished');
      } catch (error) { this.fail(error); }
    }

    tell(state, detail, note = '') {
      this.note.textContent = note;
      return this.dispatchEvent(new CustomEvent(TAG, {
        bubbles: true, cancelable: true, detail: { state, ...detail },
      }));
    }

    lock(isBusy) {
      busy = isBusy;
      this.button.setAttribute('aria-disabled', isBusy);
    }

    // The provider's library remembers too much for a second popup on the same page.
    end(state, detail) {
      if (this.tell(state, detail)) location.reload();
      else this.lock(false);
    }

    fail(error) {
      this.lock(false);
      this.tell('refused', { code: error.code, message: error.message }, error.message);
    }

    async press() {
      if (busy) return;
      this.lock(true);
      this.tell('opening', {}, 'Opening …');
      try {
        const [launch] = await Promise.all([
          post(this.getAttribute('launch'), {}), load(this.library),
        ]);
        this.open(launch);
      } catch (error) { this.fail(error); }
    }

    open(launch) {
      const relay = this.getAttribute('relay');
      const base = relay
        ? relay.replace('{launch_id}', encodeURIComponent(launch.launch_id)) : launch.finish_url;
      if (!base) throw failure('no_finish_url', 'The launch does not say where it is finished.');
      let told;
      kept(OPEN, base + '/closed');
      window.HumanConnect.open({
        ...launch.options,
        finish: async (_, token) => {
          this.tell('storing', {}, 'Storing …');
          let problem;
          try {
            const answer = await post(base, token, 3);
            kept(OPEN, null);
            if (answer.status === 'held') {
              await this.confirm({ launch_id: launch.launch_id, finish_code: answer.finish_code });
            }
          } catch (error) { problem = error; }
          // A finish that did not arrive is a popup that was left.
          if (problem && !problem.passes) kept(OPEN, null);
          if (problem) this.end('failed', { code: problem.code, message: problem.message });
          else this.end('finished');
        },
        close: async () => {
          await post(base + '/closed', {}).then(() => kept(OPEN, null)).catch(() => {});
          this.end('closed', told);
        },
        error: (error) => {
          told = {
            code: error.code,
            message: [error.message, error.detailedMessage].filter(Boolean).join(': '),
          };
          post(base + '/failed', { code: error.code }).catch(() => {});
          this.tell('error', told, told.message);
        },
      });
      this.tell('open', { mode: launch.mode });
    }

    // Whose session it was, the backend shows the ledger; until it has, a page that is loaded anew
    // goes on.
    async confirm(body) {
      kept(HELD, JSON.stringify(body));
      try {
        await post(this.getAttribute('confirm'), body, 3);
      } catch (error) {
        if (!error.passes) kept(HELD, null);
        throw error;
      }
      kept(HELD, null);
    }
  }
  customElements.define(TAG, ConnectHealthData);

  // One line: the button stands behind the script that brings it.
  if (script && script.dataset.launch) {
    const button = document.createElement(TAG);
    for (const name of Object.keys(script.dataset)) button.setAttribute(name, script.dataset[name]);
    script.after(button);
  }
})();
