module.exports = require('@strapi/strapi').factories.createCoreController('api::office.office');
