// The page's own part: it shows what the ledger's button tells, also after the page was loaded anew.
(function () {
  'use strict';
  var note = document.getElementById('message');
  var kept = 'demo-message';
  var sentences = {
    opening: 'Opening …', open: 'The popup is open.', storing: 'Storing the new tokens …',
    finished: 'Your sources are connected.', closed: 'The popup was closed.'
  };

  function show(message) {
    note.textContent = message.text;
    note.dataset.kind = message.kind;
  }

  document.addEventListener('connect-health-data', function (event) {
    var detail = event.detail;
    var message = {
      text: detail.message || sentences[detail.state],
      kind: detail.message ? 'bad' : detail.state === 'finished' ? 'good' : 'info'
    };
    show(message);
    if (detail.mode) { document.getElementById('mode').textContent = detail.mode; }
    // The button loads the page anew after these.
    if (/^(finished|failed|closed)$/.test(detail.state)) {
      sessionStorage.setItem(kept, JSON.stringify(message));
    }
  });

  var stored = sessionStorage.getItem(kept);
  if (stored) {
    sessionStorage.removeItem(kept);
    if (!note.textContent) { show(JSON.parse(stored)); }
  }
})();
