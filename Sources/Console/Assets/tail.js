// Follows the log: what comes is put on top, from the first position that the page does not have.
(() => {
  const bar = one('#tail');
  if (!bar || !window.EventSource) { return; }
  const rowsMax = 500;
  const rows = one('#log-rows');
  const state = one('#tail-state');
  const address = new URL(bar.dataset.path, location.href);
  const log = address.searchParams.get('log');
  let source = null;
  let next = Number(address.searchParams.get('from_position'));

  const linked = (href, inner) => Object.assign(made('a', '', inner), { href });

  function add(message) {
    const { position, event, forged } = JSON.parse(message.data);
    if (position < next) { return; }
    next = position + 1;
    const time = made('time', '');
    time.dateTime = event.time;
    const row = made(
      'tr', forged ? 'forged' : 'new',
      made('td', 'number', linked(`/console/events/${log}/${position}`, position)),
      made('td', '', forged ? '' : time),
      made('td', '', made('code', '', forged ? 'forged' : event.type)),
      made('td', 'wide', event.subject ? linked('/console/users/' + event.subject, made('code', '', event.subject)) : ''),
      made('td', 'wide', made('code', '', event.actor || ''))
    );
    row.dataset.position = position;
    rows.prepend(row);
    showTimes(row);
    while (rows.children.length > rowsMax) { rows.lastChild.remove(); }
    for (const empty of all('.empty')) { empty.remove(); }
  }

  function follow() {
    address.searchParams.set('from_position', next);
    source = new EventSource(address);
    const types = all('#types option').map((option) => option.value);
    for (const type of ['message', ...types]) { source.addEventListener(type, add); }
    source.onopen = () => { state.textContent = 'Following: what happens is put on top.'; };
    source.onerror = () => {
      const hasEnded = source.readyState === EventSource.CLOSED;
      state.textContent = hasEnded ? 'Not following any more: load the page again.' : 'Interrupted, coming again …';
    };
    pause.textContent = 'Pause';
  }

  function stop() {
    source?.close();
    source = null;
    state.textContent = 'Paused. Nothing is missed.';
    pause.textContent = 'Go on';
  }

  let isPaused = false;
  const pause = button('Pause', () => {
    isPaused = source !== null;
    if (isPaused) { stop(); } else { follow(); }
  });
  // Who does not look holds no place among those who follow.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) { stop(); } else if (!isPaused && !source) { follow(); }
  });
  bar.prepend(pause);
  if (!document.hidden) { follow(); }
})();
