// The sandbox's own connect.js: the global HumanConnect with the behaviour pages rely on,
// including the quirks (a sticky publicToken, a stray space, messages without origin check).
(function () {
  'use strict';
  if (window.HumanConnect) { return; }

  var script = document.currentScript;
  var base = script && script.src ? new URL(script.src).origin : window.location.origin;
  var sessionKey = 'humanapiSessionToken';
  var scrollBefore = null;

  function remove(id) {
    var element = document.getElementById(id);
    if (element) { element.parentNode.removeChild(element); }
  }

  function frame(id, url, background) {
    var iframe = document.createElement('iframe');
    iframe.id = id;
    iframe.src = url;
    iframe.title = 'Human Connect';
    iframe.setAttribute('frameborder', '0');
    iframe.style.cssText = 'position:fixed;top:0;left:0;width:100%;height:100%;border:0;' +
      'z-index:99999;background:' + background;
    document.body.appendChild(iframe);
    return iframe;
  }

  // Below the popup, so that it does not cover an error: it stays when the popup fails.
  function showSpinner() {
    remove('human-connect-spinner');
    var image = document.createElement('img');
    image.id = 'human-connect-spinner';
    image.src = base + '/spinner.gif';
    image.alt = 'Loading';
    image.style.cssText = 'position:fixed;top:50%;left:50%;margin:-16px 0 0 -16px;z-index:99998';
    document.body.appendChild(image);
  }

  function hideSpinner() { remove('human-connect-spinner'); }

  function lockScroll() {
    if (scrollBefore === null) { scrollBefore = document.body.style.overflow; }
    document.body.style.overflow = 'hidden';
  }

  function restoreScroll() {
    document.body.style.overflow = scrollBefore || '';
    scrollBefore = null;
  }

  // The newest popup: an earlier one may still be there, hidden, and still be heard.
  var popup = null;

  function tellPopup(message) {
    if (popup && popup.contentWindow) {
      popup.contentWindow.postMessage(JSON.stringify(message), '*');
    }
  }

  var HumanConnect = {
    publicToken: '',
    language: 'en',
    onFinish: null,
    onClose: null,
    onError: null,
    _debug: false,

    setPublicToken: function (token) { this.publicToken = token; },

    open: function (options) {
      var self = this;
      options = options || {};
      if (options._baseURL) { base = options._baseURL; }
      showSpinner();
      lockScroll();
      this.onFinish = options.finish;
      this.onClose = options.close;
      this.onError = options.error;
      this.publicToken = options.publicToken || this.publicToken;
      this.language = options.language || 'en';
      this._debug = options._debug;
      this.uiState = options.uiState;
      this.uiMessageType = options.uiMessageType;

      var shim = document.createElement('script');
      shim.src = base + '/store.min.js';
      shim.onload = function () { self._show(options, window.store.get(sessionKey)); };
      shim.onerror = function () { self._show(options, null); };
      document.body.appendChild(shim);
    },

    _show: function (options, sessionToken) {
      // clientUserId goes in as it is: pages are told to encode it themselves.
      var url = base + '?clientUserId=' + options.clientUserId;
      function add(name, value, unless) { if (value && !unless) { url += '&' + name + '=' + value; } }
      add('clientId', options.clientId);
      add('publicToken', this.publicToken);
      if (sessionToken) { url += '&sessionToken= ' + sessionToken; }
      add('embed', options.embed && 1);
      add('lang', this.language);
      add('addedSource', options.addedSource);
      add('devPortal', options._isDevPortal && 1);
      add('finishUrl', options.__finishUrl);
      add('closeUrl', options.__closeUrl);
      add('style', options.style && encodeURIComponent(JSON.stringify(options.style)));
      add('modal', options.modal && 1);
      add('mode', options.mode);
      add('test', options.test);
      add('ka', options.ka);
      add('sourceId', options.sourceId);
      popup = frame('human-connect', url, options.modal ? 'transparent' : '#fff');
    },

    _receive: function (event) {
      // Whatever goes wrong here stays silent, also inside the page's own callbacks.
      try {
        var message = JSON.parse(event.data);
        switch (message.type) {
        case 'hapi-connect-open':
          if (window.store) { window.store.set(sessionKey, message.token.sessionToken); }
          hideSpinner();
          break;
        case 'hapi-connect-finish':
          document.getElementById('human-connect').style.display = 'none';
          hideSpinner();
          this.onFinish(null, message.token);
          restoreScroll();
          break;
        case 'hapi-connect-close':
          remove('human-connect');
          hideSpinner();
          restoreScroll();
          if (this.onClose) { this.onClose(); }
          break;
        case 'hapi-connect-error':
          if (this.onError) { this.onError(message.error); }
          break;
        case 'hapi-connect-popup-iframe':
          frame('hapi-popup-iframe', message.url, '#fff');
          break;
        case 'hapi-close-popup-iframe':
          remove('hapi-popup-iframe');
          tellPopup({ type: 'hapi-external-auth-added' });
          break;
        case 'hapi-close-popup-mobile':
          tellPopup({ type: 'hapi-external-auth-added' });
          break;
        }
      } catch (error) {
        if (this._debug) { console.log(error); }
      }
    }
  };

  window.addEventListener('message', function (event) { HumanConnect._receive(event); }, false);
  window.HumanConnect = HumanConnect;
})();
