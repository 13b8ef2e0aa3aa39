"""Chromium without a window, driven by selenium."""

import contextlib
import shutil
import tempfile

FLAGS = (
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--window-size=1100,760',
)


@contextlib.contextmanager
def chromium():
    """Start the browser of the system, with a profile of its own."""
    from selenium import webdriver  # an extra

    program, driver = shutil.which('chromium'), shutil.which('chromedriver')
    if not program or not driver:
        raise FileNotFoundError('Install chromium and chromium-driver, the packages of Debian.')
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = program
        for flag in (*FLAGS, f'--user-data-dir={profile}'):
            options.add_argument(flag)
        options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
        service = webdriver.ChromeService(driver)
        browser = webdriver.Chrome(options, service)
        try:
            yield browser
        finally:
            browser.quit()
