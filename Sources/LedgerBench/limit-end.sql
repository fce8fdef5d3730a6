-- Takes away what limit-setup.sql made.
drop schema limits cascade;
